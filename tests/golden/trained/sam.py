# sam beside its papers' algorithms, written here, around torch.optim.SGD: a network's parameters after each step.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, trained


class Sam(torch.optim.SGD):
    def __init__(self, parameters, lr, momentum, rho, adaptive):
        super().__init__(parameters, lr, momentum=momentum)
        self.parameters, self.rho, self.adaptive = parameters, rho, adaptive

    def step(self, closure):
        closure()
        with torch.no_grad():
            before = [p.clone() for p in self.parameters]
            slopes = [p.abs() * p.grad if self.adaptive else p.grad for p in self.parameters]
            norm = torch.cat([s.reshape(-1) for s in slopes]).norm()
            for p in self.parameters:
                p += self.rho / (norm + 1e-12) * (p * p * p.grad if self.adaptive else p.grad)
        closure()
        with torch.no_grad():
            for p, old in zip(self.parameters, before):
                p.copy_(old)
        super().step()


for _ in range(20):
    lr, momentum, rho = between(0.01, 0.2), between(0, 0.9), between(0.05, 1)
    adaptive = chance.random() < 0.5
    trained(f"[sam: {{rho: {rho}, adaptive: {str(adaptive).lower()}}}, sgd: {{lr: {lr}, momentum: {momentum}}}]",
            lambda parameters: Sam(parameters, lr, momentum, rho, adaptive))
