# lars beside its paper's algorithm 1, written here for a tensor at a time.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, parameter_groups, yaml_of
from torch.nn import Linear, Sequential

model_yaml = "[{linear: 5}, {linear: 3}]"


def model():
    return Sequential(Linear(4, 5), Linear(5, 3))


class Lars:
    def __init__(self, parameters, lr, momentum, weight_decay, trust, adapted=lambda p: True):
        self.kept = [(p, torch.zeros_like(p)) for p in parameters]
        self.lr, self.momentum, self.weight_decay, self.trust, self.adapted = lr, momentum, weight_decay, trust, adapted

    @torch.no_grad()
    def step(self):
        for p, v in self.kept:
            local = 1.0
            if self.adapted(p) and p.norm() > 0 and p.grad.norm() > 0:
                local = (self.trust * p.norm() / (p.grad.norm() + self.weight_decay * p.norm())).item()
            v.mul_(self.momentum).add_(p.grad + self.weight_decay * p, alpha=self.lr * local)
            p -= v


parameter_groups("lars: {lr: 2, momentum: 0.9, weight_decay: 0.01}", model_yaml, model(),
                 lambda named: Lars(named.values(), 2, 0.9, 0.01, 0.001))
parameter_groups("lars: {lr: 0.5, momentum: 0, trust_coefficient: 0.02, groups: [{max_rank: 1, adapt: false}]}",
                 model_yaml, model(),
                 lambda named: Lars(named.values(), 0.5, 0, 0, 0.02, adapted=lambda p: p.dim() > 1))

def small():
    """A network with matrices and vectors of few numbers, as YAML and as PyTorch has it."""
    inputs, inner, outputs = (chance.randint(1, 4) for _ in range(3))
    return f"[{{linear: {inner}}}, {{linear: {outputs}}}]", Sequential(Linear(inputs, inner), Linear(inner, outputs))


for _ in range(20):
    lr, momentum, decay, trust = between(0.05, 3), chance.choice([0, between(0.1, 0.95)]), chance.choice([0, between(0.01, 0.5)]), between(0.001, 0.1)
    yaml, model = small()
    parameter_groups(yaml_of("lars", lr=lr, momentum=momentum, weight_decay=decay, trust_coefficient=trust), yaml, model,
                     lambda named: Lars(named.values(), lr, momentum, decay, trust))
