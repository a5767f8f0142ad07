# nll beside torch.nn.NLLLoss.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, loss, yaml_of
from torch.nn import NLLLoss

loss("nll", NLLLoss(), (4, 5))
loss("nll: {ignore_index: 2}", NLLLoss(ignore_index=2), (2, 3, 5), ignored=2)
loss("nll: {weight: [0.5, 2, 0.25], ignore_index: -1}", NLLLoss(weight=torch.tensor([0.5, 2.0, 0.25]), ignore_index=-1), (3, 4, 3), ignored=-1)

for _ in range(20):
    shape = (chance.randint(1, 4), chance.randint(2, 5))
    weights = [between(0.1, 3) for _ in range(shape[-1])]
    loss(yaml_of("nll", weight=weights), NLLLoss(torch.tensor(weights)), shape)

for _ in range(20):  # targets that count for nothing, in sequences of one and of more, of a class and of none
    shape = (chance.randint(1, 3), chance.randint(2, 4), chance.randint(2, 4))
    ignored = chance.choice([-100, -1, shape[-1] - 1, shape[-1]])
    weights = [between(0.1, 3) for _ in range(shape[-1])]
    keys = dict(ignore_index=ignored) | chance.choice([{}, {"weight": weights}])
    loss(yaml_of("nll", **keys),
         NLLLoss(torch.tensor(weights) if "weight" in keys else None, ignore_index=ignored), shape, ignored=ignored)
