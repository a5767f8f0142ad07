# rmsprop beside torch.optim.RMSprop.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, optimizer, yaml_of
from torch.optim import RMSprop

optimizer("rmsprop: {lr: 0.01}", lambda p: RMSprop(p, 0.01))
for _ in range(20):
    keys = dict(lr=between(0.001, 0.2), alpha=between(0.5, 0.99), eps=between(1e-4, 1e-2, 6),
                weight_decay=chance.choice([0, between(0.01, 0.5)]), momentum=chance.choice([0, between(0.1, 0.95)]),
                centered=chance.random() < 0.5)
    optimizer(yaml_of("rmsprop", **keys), lambda p: RMSprop(p, **keys), steps=5, elements=4)
