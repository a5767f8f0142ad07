# radam beside torch.optim.RAdam.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, optimizer, yaml_of
from torch.optim import RAdam

optimizer("radam: {lr: 0.01}", lambda p: RAdam(p, 0.01), steps=8)
for _ in range(20):
    keys = dict(lr=between(0.001, 0.5), betas=(between(0.5, 0.95), between(0.5, 0.999)), eps=between(1e-6, 1e-2, 6),
                weight_decay=chance.choice([0, between(0.01, 0.5)]),
                decoupled_weight_decay=chance.random() < 0.5)
    optimizer(yaml_of("radam", **keys), lambda p: RAdam(p, **keys), steps=8, elements=3)
