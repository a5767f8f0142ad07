# adagrad beside torch.optim.Adagrad.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, optimizer, yaml_of
from torch.optim import Adagrad

optimizer("adagrad: {lr: 0.05}", lambda p: Adagrad(p, 0.05))
for _ in range(20):
    keys = dict(lr=between(0.01, 0.5), lr_decay=chance.choice([0, between(0.01, 0.5)]), eps=between(1e-6, 1e-2, 6),
                weight_decay=chance.choice([0, between(0.01, 0.5)]))
    optimizer(yaml_of("adagrad", **keys), lambda p: Adagrad(p, **keys), steps=5, elements=4)
