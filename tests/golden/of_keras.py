#!/usr/bin/env python3
# Records what Keras itself computes for penalties, constraints of weights and activity penalties: updates/keras.json and
# losses/keras.json. Needs Keras on JAX (scripts/setup jax), not PyTorch; recorded with Keras 3.15.1.
# SPDX-License-Identifier: Apache-2.0

import json
import os
import pathlib
import random

os.environ["KERAS_BACKEND"] = "jax"
import jax
import keras
import numpy as np

here = pathlib.Path(__file__).resolve().parent
chance = random.Random(1)
LR = 0.1


def given(shape, low=-2.0, high=2.0):
    """None of them 0, where JAX takes 1 for the slope of |x|, and PyTorch 0."""
    count = int(np.prod(shape))
    numbers = [(chance.randrange(int(low * 64), int(high * 64)) or 1) / 64 for _ in range(count)]
    return np.array(numbers, np.float32).reshape(shape)


def numbers(x):
    return [float(f"{v:.8g}") for v in np.asarray(x, np.float64).reshape(-1)]


def tensor(x, **more):
    return {"shape": list(x.shape), "values": numbers(x)} | {name: numbers(y) for name, y in more.items()}


def turned(w):
    """A kernel as Keras has it, of one as PyTorch has it; and back."""
    return w.T if w.ndim == 2 else w.transpose(2, 3, 1, 0)


def back(kernel):
    return kernel.T if kernel.ndim == 2 else kernel.transpose(3, 2, 0, 1)


def write(name, cases):
    text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (here / name).write_text(f'{{"keras":"{keras.__version__}","cases":[\n{text}\n]}}\n')


def update(yaml, model, shapes, penalty=None, constraint=None, steps=2):
    """Weights and biases after steps of sgd on given gradients; `penalty` and `constraint` are Keras', of kernels."""
    named = {name: given(shape) for name, shape in shapes.items()}
    case = {"yaml": yaml, "model": model, "start": {n: tensor(p) for n, p in named.items()}, "steps": []}
    for _ in range(steps):
        gradients = {n: given(p.shape) for n, p in named.items()}
        for name, p in named.items():
            slope = gradients[name]
            if penalty and p.ndim > 1:
                slope = slope + back(np.asarray(jax.grad(penalty)(jax.numpy.asarray(turned(p)))))
            p = p - np.float32(LR) * slope
            if constraint and p.ndim > 1:
                p = back(np.asarray(constraint(jax.numpy.asarray(turned(p)))))
            named[name] = p
        case["steps"].append({"gradients": {n: numbers(g) for n, g in gradients.items()},
                              "parameters": {n: numbers(p) for n, p in named.items()}})
    return case


def updates():
    dense = lambda rows, columns: (f"[{{linear: {rows}}}]", {"0.weight": (rows, columns), "0.bias": (rows,)})
    conv = lambda rows, columns: (f"[{{conv2d: {{out_channels: {rows}, kernel_size: 2}}}}]",
                                  {"0.weight": (rows, columns, 2, 2), "0.bias": (rows,)})
    for _ in range(3):
        rate, rows, columns = round(chance.uniform(0.01, 0.3), 4), chance.randint(2, 4), chance.randint(2, 4)
        low = round(chance.uniform(0.2, 1), 4)
        high = round(low + chance.uniform(0.3, 2), 4)
        r, c = keras.regularizers, keras.constraints
        for make, axes in ((dense, 0), (conv, [0, 1, 2])):
            for rule, penalty in ((f"l1: {{rate: {rate}, min_rank: 2}}", r.L1(rate)), (f"l2: {{rate: {rate}, min_rank: 2}}", r.L2(rate))):
                yield update(f"[{rule}, sgd: {{lr: {LR}}}]", *make(rows, columns), penalty=penalty)
            yield update(f"[l1: {{rate: {rate}, min_rank: 2}}, l2: {{rate: {low}, min_rank: 2}}, sgd: {{lr: {LR}}}]",
                         *make(rows, columns), penalty=r.L1L2(rate, low))
            for rule, constraint in (
                    (f"max_norm: {high}", c.MaxNorm(high, axis=axes)), ("unit_norm", c.UnitNorm(axis=axes)),
                    ("non_negative: {min_rank: 2}", c.NonNeg()),
                    (f"min_max_norm: {{min_value: {low}, max_value: {high}, rate: {rate}}}", c.MinMaxNorm(low, high, rate, axis=axes))):
                yield update(f"[sgd: {{lr: {LR}}}, {rule}]", *make(rows, columns), constraint=constraint)
        # Keras' rows are the columns of weights that lie as PyTorch's.
        for ours, theirs in (("rows", "columns"), ("columns", "rows")):
            yield update(f"[orthogonal_cosines: {{rate: {rate}, mode: {ours}}}, sgd: {{lr: {LR}}}]", *dense(rows, columns),
                         penalty=r.OrthogonalRegularizer(rate, theirs))


def activities():
    for shape in ((3, 4), (2, 3, 2), (1, 5)):
        for l1, l2 in ((0.25, 0), (0, 0.5), (0.125, 0.75)):
            layer = keras.layers.ActivityRegularization(l1=l1, l2=l2)

            def penalty(x):
                layer(x)
                return sum(layer.losses)

            x = jax.numpy.asarray(given(shape))
            keys = ", ".join(f"{name}: {value}" for name, value in (("l1", l1), ("l2", l2)) if value)
            yield {"yaml": f"activity: {{{keys}}}", "prediction": tensor(x, gradient=jax.grad(penalty)(x)), "further": [],
                   "loss": numbers(penalty(x))[0]}


write("updates/keras.json", list(updates()))
write("losses/keras.json", list(activities()))
