# lookahead beside its paper's algorithm 1, written here, around torch.optim.SGD.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, parameter_groups
from torch.nn import Linear, Sequential
from torch.optim import SGD


class Lookahead(SGD):
    def __init__(self, named, lr, k, alpha):
        super().__init__(named.values(), lr, momentum=0.9)
        self.slow = {name: p.detach().clone() for name, p in named.items()}
        self.named, self.k, self.alpha, self.t = named, k, alpha, 0

    @torch.no_grad()
    def step(self):
        super().step()
        self.t += 1
        if self.t % self.k == 0:
            for name, p in self.named.items():
                self.slow[name] += self.alpha * (p - self.slow[name])
                p.copy_(self.slow[name])

    def averages(self, named):
        return self.slow


for _ in range(20):
    lr, k, alpha = between(0.01, 0.3), chance.randint(1, 4), between(0.1, 1)
    parameter_groups(f"[sgd: {{lr: {lr}, momentum: 0.9}}, lookahead: {{k: {k}, alpha: {alpha}}}]", "[{linear: 1}]",
                     Sequential(Linear(3, 1)), lambda named: Lookahead(named, lr, k, alpha), steps=6, average="slow")
