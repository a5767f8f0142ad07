# lbfgs beside torch.optim.LBFGS, one of its iterations a step, by gradients that are no function's: pairs that tell of no
# curvature are left out.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, optimizer, yaml_of


class OneIteration(torch.optim.LBFGS):
    def __init__(self, parameters, **keys):
        super().__init__(parameters, max_iter=1, **keys)

    def step(self):
        super().step(lambda: torch.tensor(0.0))  # the gradients are given


optimizer("lbfgs", lambda p: OneIteration(p, lr=1), steps=3)
for _ in range(12):
    keys = {"lr": between(0.1, 1), "history_size": chance.randint(1, 3)}
    optimizer(yaml_of("lbfgs", **keys), lambda p: OneIteration(p, **keys), steps=4)
for keys in [{"tolerance_grad": 1.5}, {"tolerance_change": 8}]:
    optimizer(yaml_of("lbfgs", lr=0.5, history_size=2, **keys), lambda p: OneIteration(p, lr=0.5, history_size=2, **keys),
              steps=8)
