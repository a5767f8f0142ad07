# Constraints of weights beside the formulas of Keras' documentation, and the proximal step of an L1 penalty, written here.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, parameter_groups
from torch.nn import Linear, Sequential
from torch.optim import SGD


class Constrained(SGD):
    def __init__(self, named, constrain, min_rank):
        super().__init__(named.values(), 0.1)
        self.constrain, self.chosen = constrain, [p for p in named.values() if p.dim() >= min_rank]

    @torch.no_grad()
    def step(self):
        super().step()
        for p in self.chosen:
            p.copy_(self.constrain(p))


def norm(w):  # of what each unit sums its inputs with: Keras' axis 0
    return w.square().sum(1, keepdim=True).sqrt()


for _ in range(20):
    rows, columns = chance.randint(1, 4), chance.randint(1, 4)
    bound, low, rate = between(0.3, 2), between(0.1, 1), between(0.1, 1)
    high = round(low + bound, 4)
    for yaml, constrain, min_rank in (
            (f"max_norm: {bound}", lambda w: w * norm(w).clamp(0, bound) / (1e-7 + norm(w)), 2),
            ("unit_norm", lambda w: w / (1e-7 + norm(w)), 2),
            (f"min_max_norm: {{min_value: {low}, max_value: {high}, rate: {rate}}}",
             lambda w: w * (rate * norm(w).clamp(low, high) + (1 - rate) * norm(w)) / (1e-7 + norm(w)), 2),
            ("non_negative", lambda w: w * (w >= 0), 0),
            (f"soft_threshold: {bound}", lambda w: torch.sign(w) * (w.abs() - 0.1 * bound).clamp(min=0), 0)):
        parameter_groups(f"[sgd: {{lr: 0.1}}, {yaml}]", f"[{{linear: {rows}}}]", Sequential(Linear(columns, rows)),
                         lambda named: Constrained(named, constrain, min_rank), steps=2)
