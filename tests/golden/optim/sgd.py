# sgd beside torch.optim.SGD.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, optimizer, yaml_of
from torch.optim import SGD

optimizer("sgd: {lr: 0.1}", lambda p: SGD(p, 0.1))
for _ in range(20):
    keys = dict(lr=between(0.01, 0.5), momentum=chance.choice([0, between(0.1, 0.95)]), dampening=0,
                weight_decay=chance.choice([0, between(0.01, 0.5)]), nesterov=False)
    if keys["momentum"] and chance.random() < 0.4:
        keys["nesterov"] = True
    elif keys["momentum"]:
        keys["dampening"] = chance.choice([0, between(0.1, 0.9)])
    optimizer(yaml_of("sgd", **keys), lambda p: SGD(p, **keys), steps=5, elements=4)
