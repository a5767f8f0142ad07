# Records what PyTorch computes for small given numbers; the scripts beside it say for what.
#
# Numbers given are multiples of 1/64, so that they are exact in float and short as text. Images are written
# [batch, height, width, channels], sequences and volumes likewise, weights as PyTorch stores them. Each tensor is {"shape": …, "values": …}.
# SPDX-License-Identifier: Apache-2.0

import random

import torch

cases = []  # of the script that runs
chance = random.Random()  # of a script that draws its configurations
_generator = torch.Generator()


def begin():
    cases.clear()
    chance.seed(1)
    _generator.manual_seed(1)


def some_shape(*ranks, last=None, most=12):
    """A shape of one of these ranks with few elements, batch first."""
    while True:
        shape = [chance.randint(1, 2 if i == 0 else 5) for i in range(chance.choice(ranks))]
        shape[-1] = last or shape[-1]
        if torch.Size(shape).numel() <= most * (last or 1):
            return tuple(shape)


def between(low, high, digits=4):
    """A number for a configuration, as it is written."""
    return round(chance.uniform(low, high), digits)


def yaml_of(name, **keys):
    """A configuration as YAML: numbers, words, lists and true or false."""
    def text(value):
        if isinstance(value, bool):
            return "true" if value else "false"
        return "[" + ", ".join(text(v) for v in value) + "]" if isinstance(value, (list, tuple)) else str(value)
    return f"{name}: {{" + ", ".join(f"{key}: {text(value)}" for key, value in keys.items()) + "}"


def _given(shape, low=-2.0, high=2.0):
    return torch.randint(int(low * 64), int(high * 64), tuple(shape), generator=_generator) / 64


def _channels_first(x, sequences=False):
    # Copied, as gradients are: PyTorch 2.15's instance_norm is wrong where they are laid out channels last.
    return x.movedim(-1, 1).contiguous() if x.dim() > 3 or (sequences and x.dim() == 3) else x


def _channels_last(x, sequences=False):
    return x.movedim(1, -1) if x.dim() > 3 or (sequences and x.dim() == 3) else x


def _tensor(x, **more):
    tensors = {"shape": list(x.shape), "values": _numbers(x)}
    return tensors | {name: _numbers(y) for name, y in more.items()}


def _whole(x):
    return {"shape": list(x.shape), "values": x.reshape(-1).tolist()}


def _numbers(x):
    return [float(f"{v:.8g}") for v in x.detach().reshape(-1).tolist()]


def whole(below, shape):
    """Whole numbers, as an input of a layer."""
    return torch.randint(below, shape, generator=_generator)


def layer(yaml, module, *shapes, training=True, sequences=False, low=-2.0, high=2.0):
    """One layer: `module` on inputs of these shapes (batch first), and the gradients of dot(output, d_output). In the
    place of a shape may stand whole numbers, which have no gradient. Images and volumes are given to PyTorch with
    their channels first, and so are `sequences`."""
    module.train(training)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(_given(p.shape, -1, 1))
        for name, b in module.named_buffers():
            if b.dim() > 0:
                b.copy_(_given(b.shape, 0.5, 2))
    before = {name: b.clone() for name, b in module.named_buffers() if b.dim() > 0}
    inputs = [shape if torch.is_tensor(shape) else _given(shape, low, high) for shape in shapes]
    leaves = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    output = module(*[_channels_first(x, sequences) for x in leaves])
    output.register_hook(lambda gradient: gradient.contiguous())
    output = _channels_last(output, sequences)
    d_output = _given(output.shape)
    output.backward(d_output)
    slopes = [p.grad for p in [*module.parameters(), *leaves] if p.is_floating_point()]
    if not all(slope.isfinite().all() for slope in slopes):  # of a root of 0, say: other numbers
        module.zero_grad()
        return layer(yaml, module, *shapes, training=training, sequences=sequences, low=low, high=high)
    cases.append({
        "yaml": yaml,
        "training": training,
        "inputs": [_tensor(x, gradient=leaf.grad) if x.is_floating_point() else _whole(x)
                   for x, leaf in zip(inputs, leaves)],
        "parameters": {n: _tensor(p, gradient=p.grad) for n, p in module.named_parameters()},
        "buffers": {n: _tensor(b, after=module.get_buffer(n)) for n, b in before.items()},
        "d_output": _tensor(d_output),
        "output": _tensor(output),
    })


def loss(yaml, module, shape, ignored=None, target=None):
    """A loss of predictions [batch, …, classes] against class numbers [batch, …], of which the first of each sample
    are `ignored`; or against `target`, "numbers" of the prediction's shape or "probabilities" of it."""
    prediction = _given(shape).requires_grad_()
    if target == "numbers":
        y = _given(shape)
    elif target == "probabilities":
        y = _given(shape, 0, 1)
    else:
        y = torch.randint(shape[-1], tuple(shape[:-1]), generator=_generator)
        if ignored is not None:
            y[:, 0] = ignored
    # PyTorch wants the classes before the sequence.
    value = module(prediction.movedim(-1, 1), y) if target is None else module(prediction, y)
    if not value.isfinite():  # a mean over nothing: 0 here
        return loss(yaml, module, shape, ignored, target)
    value.backward()
    cases.append({
        "yaml": yaml,
        "prediction": _tensor(prediction, gradient=prediction.grad),
        "target": {"shape": list(y.shape), "values": y.reshape(-1).tolist() if target is None else _numbers(y),
                   "dtype": "i32" if target is None else "f32"},
        "loss": _numbers(value)[0],
    })


def loss_of(yaml, function, *shapes, target=None, lengths=None):
    """A loss `function(prediction, further outputs …, target)` of outputs of these shapes, batch first. The target is a
    tensor, whole numbers or not, or there is none; `lengths`, of sequences, are recorded."""
    outputs = [shape if torch.is_tensor(shape) else _given(shape) for shape in shapes]
    outputs = [x.clone().requires_grad_() for x in outputs]
    value = function(*outputs) if target is None else function(*outputs, target)
    value.backward()
    tensors = [_tensor(x, gradient=x.grad) for x in outputs]
    case = {"yaml": yaml, "prediction": tensors[0], "further": tensors[1:], "loss": _numbers(value)[0]}
    if target is not None:
        whole = not target.is_floating_point()
        case["target"] = (_whole if whole else _tensor)(target) | {"dtype": "i32" if whole else "f32"}
    if lengths is not None:
        case["lengths"] = _whole(lengths) | {"dtype": "i32"}
    cases.append(case)


def given(shape, low=-2.0, high=2.0):
    """Numbers at random, as those that are given are."""
    return _given(shape, low, high)


def optimizer(yaml, make, steps=4, elements=6, schedule=None):
    """Parameters after each of some steps with given gradients; where there is a `schedule(optimizer)`, of which factors and
    momenta are recorded, with what it says."""
    p = _given([elements]).requires_grad_()
    update = make([p])
    case = {"yaml": yaml, "start": _numbers(p), "gradients": [], "parameters": []}
    scheduler = schedule and schedule(update)
    if scheduler:
        case |= {"factors": [], "momenta": []}
    for step in range(steps):
        p.grad = _given([elements])
        case["gradients"].append(_numbers(p.grad))
        if scheduler:
            group = update.param_groups[0]
            case["factors"].append(group["lr"] / group["max_lr"])
            case["momenta"].append(group["betas"][0] if "betas" in group else group["momentum"])
        update.step()
        if scheduler and step + 1 < steps:
            scheduler.step()
        case["parameters"].append(_numbers(p))
    cases.append(case)


def schedule(yaml, make, steps, momentum=False):
    """Factors on the learning rate of each step of a run, and where asked the momentum, as `make(optimizer)` schedules them."""
    update = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0, momentum=0.9)
    scheduler, groups = make(update), []
    for step in range(steps):
        groups.append(dict(update.param_groups[0]))
        update.step()
        if step + 1 < steps:
            scheduler.step()
    formula(yaml, lambda step: groups[step]["lr"], steps, (lambda step: groups[step]["momentum"]) if momentum else None)


def formula(yaml, factor, steps, momentum=None):
    """The same by functions of the step, from 0."""
    numbers = {"factors": factor} | ({"momenta": momentum} if momentum else {})
    cases.append({"yaml": yaml, "steps": steps}
                 | {name: [float(f"{f(step):.9g}") for step in range(steps)] for name, f in numbers.items()})


def initial(yaml, module, shape):
    """How wide the initial parameters of a layer are spread, for an input of this shape (batch first)."""
    module(_channels_first(_given(shape)))
    parameters = {
        name: {"shape": list(p.shape), "mean": p.mean().item(), "std": p.std().item(), "largest": p.abs().max().item()}
        for name, p in module.named_parameters()}
    cases.append({"yaml": yaml, "input": list(shape), "parameters": parameters})


def filled(yaml, fill, shape, same=False):
    """What an initializer fills a tensor of this shape with: all of it where each time is the `same`, else how it spreads."""
    w = torch.empty(shape)
    with torch.no_grad():
        fill(w)
    cases.append({"yaml": yaml, "shape": list(shape)} | ({"values": _numbers(w)} if same else {
        "mean": w.mean().item(), "std": w.std().item(), "low": w.min().item(), "high": w.max().item(),
        "zeros": int((w == 0).sum())}))


def parameter_groups(yaml, model_yaml, model, groups, steps=3, average=None):
    """A model's parameters after each of some steps with given gradients; `groups(named parameters)` makes the optimizer. Where
    it has averages(named parameters), these too, as the variable of that name."""
    named = dict(model.named_parameters())
    with torch.no_grad():
        for p in named.values():
            p.copy_(_given(p.shape))
    update = groups(named)
    case = {"yaml": yaml, "model": model_yaml, "start": {n: _tensor(p) for n, p in named.items()}, "steps": []}
    for _ in range(steps):
        for p in named.values():
            p.grad = _given(p.shape)
        gradients = {n: _numbers(p.grad) for n, p in named.items()}
        update.step()
        case["steps"].append({"gradients": gradients, "parameters": {n: _numbers(p) for n, p in named.items()}})
        if average:
            case["average"] = average
            case["steps"][-1]["averages"] = {n: _numbers(a) for n, a in update.averages(named).items()}
    cases.append(case)


def trained(yaml, make, steps=4, loss=("mse", torch.nn.functional.mse_loss)):
    """The parameters of linear: 4, tanh, linear: 2 after each of some steps of `make(parameters)` on a batch of five, with the
    loss of that name and function; step(closure) may ask for the gradients as often as it wants, also against other targets:
    closure(lambda prediction: targets)."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    named = dict(model.named_parameters())
    with torch.no_grad():
        for p in named.values():
            p.copy_(_given(p.shape, -1, 1))
    low, high = (-2, 2) if loss[0] == "mse" else (0, 1)  # else probabilities
    x, y = _given((5, 3)), _given((5, 2), low, high)
    update = make(list(named.values()))

    def closure(targets=lambda prediction: y):
        update.zero_grad()
        prediction = model(x)
        value = loss[1](prediction, targets(prediction.detach()))
        value.backward()
        return value

    case = {"yaml": yaml, "loss": loss[0], "x": _numbers(x), "y": _numbers(y), "start": {n: _tensor(p) for n, p in named.items()},
            "steps": []}
    for _ in range(steps):
        update.step(closure)
        case["steps"].append({n: _numbers(p) for n, p in named.items()})
    cases.append(case)


def image(height, width, channels, numbers=False):
    """An image that the tests make too, channels first: bytes, or numbers from 0 to 1."""
    values = [(i * 2654435761 >> 11) % 256 for i in range(height * width * channels)]
    x = torch.tensor(values, dtype=torch.uint8).reshape(height, width, channels).movedim(-1, 0)
    return x / 255 if numbers else x


def transform(yaml, function, height, width, channels=3, numbers=False, **more):
    """What a transform makes of such an image: bytes as hexadecimal digits."""
    y = function(image(height, width, channels, numbers)).movedim(0, -1).contiguous()
    found = {"numbers": _numbers(y)} if y.is_floating_point() else {"bytes": bytes(y.reshape(-1).tolist()).hex()}
    cases.append({"yaml": yaml, "image": [height, width, channels], "output": list(y.shape)} | ({"of_numbers": True} if numbers else {}) | more | found)


def column(yaml, x, y, tolerance=1e-5):
    """A table's column, cells of numbers or words, those that are not a number or None missing, and the rows of numbers made of
    it; `yaml` is what is written of the column. Within `tolerance` of the largest."""
    cells = [None if c is None or c != c else c for c in x.tolist()]
    cases.append({"yaml": yaml, "cells": cells, "rows": [[float(f"{v:.8g}") for v in row] for row in y.tolist()],
                  "tolerance": tolerance})


def batch(yaml, x, y, output, targets, **drawn):
    """A batch and its targets before and after a transform of batches, and the numbers that it drew."""
    cases.append({"yaml": yaml, **drawn, "x": _tensor(x), "y": _tensor(y), "output": _numbers(output),
                  "targets": _numbers(targets)})
