# adam beside torch.optim.Adam.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, optimizer, yaml_of
from torch.optim import Adam

optimizer("adam: {lr: 0.01}", lambda p: Adam(p, 0.01))
for _ in range(20):
    keys = dict(lr=between(0.001, 0.5), betas=(between(0.5, 0.95), between(0.8, 0.999)), eps=between(1e-6, 1e-2, 6),
                weight_decay=chance.choice([0, between(0.01, 0.5)]), amsgrad=chance.random() < 0.6)
    optimizer(yaml_of("adam", **keys), lambda p: Adam(p, **keys), steps=5, elements=4)
