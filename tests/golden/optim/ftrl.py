# ftrl beside the equations of Keras' documentation, written here.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, optimizer, yaml_of


class Ftrl:
    def __init__(self, parameters, lr, lr_power, initial_accumulator_value, l1, l2, beta):
        self.kept = [(p, torch.full_like(p, initial_accumulator_value), torch.zeros_like(p)) for p in parameters]
        self.lr, self.power, self.l1, self.l2, self.beta = lr, lr_power, l1, l2, beta

    @torch.no_grad()
    def step(self):
        for p, n, z in self.kept:
            g = p.grad
            grown = n + g * g
            sigma = (grown ** -self.power - n ** -self.power) / self.lr
            z += g - sigma * p
            n.copy_(grown)
            quadratic = (self.beta + n ** -self.power) / self.lr + 2 * self.l2
            p.copy_(torch.where(z.abs() > self.l1, (torch.sign(z) * self.l1 - z) / quadratic, torch.zeros_like(p)))


for _ in range(20):
    keys = dict(lr=between(0.01, 0.5), lr_power=chance.choice([-0.5, between(-1, -0.1)]),
                initial_accumulator_value=between(0.01, 1), l1=chance.choice([0, between(0.1, 2)]),
                l2=chance.choice([0, between(0.01, 0.5)]), beta=chance.choice([0, between(0.1, 1)]))
    optimizer(yaml_of("ftrl", **keys), lambda p: Ftrl(p, **keys), steps=5, elements=4)
