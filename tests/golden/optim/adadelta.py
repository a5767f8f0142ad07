# adadelta beside torch.optim.Adadelta.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, optimizer, yaml_of
from torch.optim import Adadelta

for _ in range(20):
    keys = dict(lr=between(0.1, 5), rho=between(0.5, 0.99), eps=between(1e-6, 1e-2, 6),
                weight_decay=chance.choice([0, between(0.01, 0.5)]))
    optimizer(yaml_of("adadelta", **keys), lambda p: Adadelta(p, **keys), steps=5, elements=4)
