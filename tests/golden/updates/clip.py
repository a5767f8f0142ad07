# Rules of an update's chain beside PyTorch's clipping, and Keras's by tensor.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, parameter_groups
from torch.nn import Linear, Sequential
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import SGD

model_yaml = "[{linear: 5}, {linear: 3}]"


def model():
    return Sequential(Linear(4, 5), Linear(5, 3))


class Clipped(SGD):
    def __init__(self, named, clips):
        super().__init__(named.values(), 0.1, momentum=0.9)
        self.parameters, self.clips = list(named.values()), clips

    def step(self):
        for clip in self.clips:
            clip(self.parameters)
        super().step()


def norm(bound):
    return lambda all: clip_grad_norm_(all, bound)


def value(bound):
    return lambda all: clip_grad_value_(all, bound)


def norm_by_tensor(bound):
    return lambda all: [clip_grad_norm_([p], bound) for p in all]


sgd = "sgd: {lr: 0.1, momentum: 0.9}"
for rules, clips in [("clip_norm: 1.5", [norm(1.5)]),
                     ("clip_value: 0.5", [value(0.5)]),
                     ("clip_norm_by_tensor: 0.75", [norm_by_tensor(0.75)]),
                     ("clip_value: 0.5, clip_norm: 0.25", [value(0.5), norm(0.25)]),
                     ("clip_norm: 2, clip_value: 0.125", [norm(2), value(0.125)]),
                     ("clip_norm_by_tensor: 1, clip_norm: 0.5", [norm_by_tensor(1), norm(0.5)])]:
    parameter_groups(f"[{rules}, {sgd}]", model_yaml, model(), lambda named, clips=clips: Clipped(named, clips))

def small():
    """A network with matrices and vectors of few numbers, as YAML and as PyTorch has it."""
    inputs, inner, outputs = (chance.randint(1, 4) for _ in range(3))
    return f"[{{linear: {inner}}}, {{linear: {outputs}}}]", Sequential(Linear(inputs, inner), Linear(inner, outputs))


for _ in range(20):
    for rule, clip in (("clip_norm", norm), ("clip_value", value), ("clip_norm_by_tensor", norm_by_tensor)):
        bound = between(0.05, 4)
        yaml, model = small()
        parameter_groups(f"[{rule}: {bound}, {sgd}]", yaml, model, lambda named: Clipped(named, [clip(bound)]), steps=2)
