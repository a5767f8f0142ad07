# asgd beside torch.optim.ASGD, and its average beside PyTorch's.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, parameter_groups, yaml_of
from torch.nn import Linear, Sequential
from torch.optim import ASGD


class Averaged(ASGD):
    def averages(self, named):
        return {name: self.state[p]["ax"] for name, p in named.items()}


for _ in range(20):
    keys = dict(lr=between(0.01, 0.5), lambd=between(1e-4, 0.2), alpha=between(0.3, 1), t0=chance.choice([0, 1, 2, 100]),
                weight_decay=chance.choice([0, between(0.01, 0.5)]))
    parameter_groups(yaml_of("asgd", **keys), "[{linear: 1}]", Sequential(Linear(3, 1)),
                     lambda named: Averaged(named.values(), **keys), steps=5, average="ax")
