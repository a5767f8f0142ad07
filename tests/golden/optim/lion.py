# lion beside its paper's algorithm 2, written here.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, optimizer, yaml_of


class Lion:
    def __init__(self, parameters, lr, betas, weight_decay):
        self.kept = [(p, torch.zeros_like(p)) for p in parameters]
        self.lr, self.betas, self.weight_decay = lr, betas, weight_decay

    @torch.no_grad()
    def step(self):
        for p, m in self.kept:
            c = m.lerp(p.grad, 1 - self.betas[0])
            p -= self.lr * (torch.sign(c) + self.weight_decay * p)
            m.lerp_(p.grad, 1 - self.betas[1])


for _ in range(20):
    keys = dict(lr=between(0.001, 0.5), betas=(between(0.5, 0.95), between(0.5, 0.999)),
                weight_decay=chance.choice([0, between(0.01, 0.5)]))
    optimizer(yaml_of("lion", **keys), lambda p: Lion(p, **keys), steps=5, elements=4)
