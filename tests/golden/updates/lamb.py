# lamb beside its paper's algorithm 2, written here for a tensor at a time.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, parameter_groups, yaml_of
from torch.nn import Linear, Sequential

model_yaml = "[{linear: 5}, {linear: 3}]"


def model():
    return Sequential(Linear(4, 5), Linear(5, 3))


class Lamb:
    def __init__(self, parameters, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01, adapted=lambda p: True):
        self.kept = [(p, torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
        self.lr, self.betas, self.eps, self.weight_decay, self.adapted, self.t = lr, betas, eps, weight_decay, adapted, 0

    @torch.no_grad()
    def step(self):
        self.t += 1
        for p, m, v in self.kept:
            m.mul_(self.betas[0]).add_(p.grad, alpha=1 - self.betas[0])
            v.mul_(self.betas[1]).addcmul_(p.grad, p.grad, value=1 - self.betas[1])
            r = (m / (1 - self.betas[0] ** self.t)) / ((v / (1 - self.betas[1] ** self.t)).sqrt() + self.eps)
            r += self.weight_decay * p
            trust = 1.0
            if self.adapted(p) and p.norm() > 0 and r.norm() > 0:
                trust = (p.norm() / r.norm()).item()
            p -= self.lr * trust * r


parameter_groups("lamb: {lr: 0.02}", model_yaml, model(), lambda named: Lamb(named.values(), 0.02))
parameter_groups("lamb: {lr: 0.02, betas: [0.8, 0.95], weight_decay: 0, groups: [{max_rank: 1, adapt: false}]}",
                 model_yaml, model(), lambda named: Lamb(named.values(), 0.02, (0.8, 0.95), weight_decay=0,
                                                         adapted=lambda p: p.dim() > 1))

def small():
    """A network with matrices and vectors of few numbers, as YAML and as PyTorch has it."""
    inputs, inner, outputs = (chance.randint(1, 4) for _ in range(3))
    return f"[{{linear: {inner}}}, {{linear: {outputs}}}]", Sequential(Linear(inputs, inner), Linear(inner, outputs))


for _ in range(20):
    keys = dict(lr=between(0.001, 0.2), betas=[between(0, 0.95), between(0.5, 0.99)], eps=between(1e-4, 0.1),
                weight_decay=chance.choice([0, between(0.01, 0.5)]))
    yaml, model = small()
    parameter_groups(yaml_of("lamb", **keys), yaml, model, lambda named: Lamb(named.values(), **keys))
