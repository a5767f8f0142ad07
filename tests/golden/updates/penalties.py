# Penalties of weights: their gradients by autograd, of the formula in each file's head.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, parameter_groups
from torch.nn import Conv2d, Linear, Sequential
from torch.optim import SGD


class Penalized(SGD):
    def __init__(self, named, lr, penalty, chosen):
        super().__init__(named.values(), lr)
        self.penalty, self.chosen = penalty, [p for name, p in named.items() if chosen(name, p)]

    def step(self):
        for p in self.chosen:
            with torch.enable_grad():
                p.grad = p.grad + torch.autograd.grad(self.penalty(p), p)[0]
        super().step()


def orthogonal(w):
    m = w.reshape(w.shape[0], -1)
    m = m if m.shape[0] <= m.shape[1] else m.T
    return (m @ m.T - torch.eye(m.shape[0])).square().sum()


for _ in range(20):
    rate, rows, columns = between(0.001, 0.2), chance.randint(1, 4), chance.randint(1, 4)
    for name, penalty in (("l1", lambda w: w.abs().sum()), ("l2", lambda w: w.square().sum()), ("orthogonal", orthogonal)):
        keys, chosen = [("", lambda name, p: True),
                        (", min_rank: 2", lambda name, p: p.dim() >= 2),
                        (', match: "*.bias"', lambda name, p: name.endswith(".bias"))][chance.randint(0, 2)]
        if name == "orthogonal":
            keys, chosen = "", lambda name, p: p.dim() >= 2
        parameter_groups(f"[{name}: {{rate: {rate}{keys}}}, sgd: {{lr: 0.1}}]", f"[{{linear: {rows}}}]",
                         Sequential(Linear(columns, rows)),
                         lambda named: Penalized(named, 0.1, lambda w: rate * penalty(w), chosen), steps=2)


def cosines(w, mode):
    """As Keras' OrthogonalRegularizer of a matrix that lies as PyTorch's."""
    m = w.reshape(w.shape[0], -1)
    r = torch.nn.functional.normalize(m if mode == "rows" else m.T, dim=1)
    product = r @ r.T
    size = len(r)
    return 0.5 * (product * (1 - torch.eye(size))).abs().sum() / (size * (size - 1) / 2)


for i in range(24):
    rate, rows, columns, mode = between(0.01, 0.5), chance.randint(2, 4), chance.randint(2, 4), ("rows", "columns")[i % 2]
    parameter_groups(f"[orthogonal_cosines: {{rate: {rate}, mode: {mode}}}, sgd: {{lr: 0.1}}]", f"[{{linear: {rows}}}]",
                     Sequential(Linear(columns, rows)),
                     lambda named: Penalized(named, 0.1, lambda w: rate * cosines(w, mode), lambda name, p: p.dim() >= 2), steps=2)
