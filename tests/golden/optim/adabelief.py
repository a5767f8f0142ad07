# adabelief beside its paper's algorithm 2, written here.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, optimizer, yaml_of


class AdaBelief:
    def __init__(self, parameters, lr, betas, eps, weight_decay):
        self.kept = [(p, torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
        self.lr, self.betas, self.eps, self.weight_decay, self.t = lr, betas, eps, weight_decay, 0

    @torch.no_grad()
    def step(self):
        self.t += 1
        for p, m, s in self.kept:
            p.mul_(1 - self.lr * self.weight_decay)
            m.lerp_(p.grad, 1 - self.betas[0])
            s.mul_(self.betas[1]).add_((1 - self.betas[1]) * (p.grad - m).square() + self.eps)
            m_hat, s_hat = m / (1 - self.betas[0] ** self.t), s / (1 - self.betas[1] ** self.t)
            p.sub_(self.lr * m_hat / (s_hat.sqrt() + self.eps))


for _ in range(20):
    keys = dict(lr=between(0.001, 0.2), betas=(between(0.5, 0.95), between(0.5, 0.999)), eps=between(1e-6, 1e-3, 7),
                weight_decay=chance.choice([0, between(0.01, 0.5)]))
    optimizer(yaml_of("adabelief", **keys), lambda p: AdaBelief(p, **keys), steps=5, elements=4)
