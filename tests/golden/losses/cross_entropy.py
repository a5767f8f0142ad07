# cross_entropy beside torch.nn.CrossEntropyLoss.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, given, loss, loss_of, yaml_of
from torch.nn import CrossEntropyLoss

loss("cross_entropy", CrossEntropyLoss(), (4, 5))
loss("cross_entropy: {label_smoothing: 0.1}", CrossEntropyLoss(label_smoothing=0.1), (3, 4))
loss("cross_entropy", CrossEntropyLoss(), (2, 3, 5))
loss("cross_entropy: {ignore_index: -100}", CrossEntropyLoss(), (3, 4, 6), ignored=-100)
loss("cross_entropy: {ignore_index: 1, label_smoothing: 0.2}", CrossEntropyLoss(ignore_index=1, label_smoothing=0.2), (3, 4, 6), ignored=1)

weight = torch.tensor([0.5, 2.0, 0.25, 1.0])
loss("cross_entropy: {weight: [0.5, 2, 0.25, 1]}", CrossEntropyLoss(weight=weight), (5, 4))
loss("cross_entropy: {weight: [0.5, 2, 0, 1], label_smoothing: 0.2}",
     CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 0.0, 1.0]), label_smoothing=0.2), (6, 4))
loss("cross_entropy: {weight: [0.5, 2, 0.25, 1], ignore_index: -100}", CrossEntropyLoss(weight=weight), (3, 4, 4), ignored=-100)
loss("cross_entropy: {weight: [0.5, 2, 0.25, 1], ignore_index: 1, label_smoothing: 0.1}",
     CrossEntropyLoss(weight=weight, ignore_index=1, label_smoothing=0.1), (3, 4, 4), ignored=1)

for _ in range(20):
    shape = [(chance.randint(1, 4), chance.randint(2, 5)), (2, chance.randint(1, 3), chance.randint(2, 4))][chance.randint(0, 1)]
    weights = [between(0.1, 3) for _ in range(shape[-1])]
    keys = dict(label_smoothing=chance.choice([0, between(0.01, 0.5)])) | chance.choice([{}, {"weight": weights}])
    loss(yaml_of("cross_entropy", **keys),
         CrossEntropyLoss(torch.tensor(weights) if "weight" in keys else None, label_smoothing=keys["label_smoothing"]), shape)

for _ in range(20):  # targets that count for nothing, in sequences of one and of more, of a class and of none
    shape = (chance.randint(1, 3), chance.randint(2, 4), chance.randint(2, 4))
    ignored = chance.choice([-100, -1, shape[-1] - 1, shape[-1]])
    weights = [between(0.1, 3) for _ in range(shape[-1])]
    keys = dict(ignore_index=ignored) | chance.choice([{}, {"weight": weights}]) | chance.choice([{}, {"label_smoothing": between(0.01, 0.5)}])
    loss(yaml_of("cross_entropy", **keys),
         CrossEntropyLoss(torch.tensor(weights) if "weight" in keys else None, ignore_index=ignored, label_smoothing=keys.get("label_smoothing", 0.0)), shape, ignored=ignored)

for _ in range(20):  # probabilities of the classes, some of them 0
    shape = (chance.randint(1, 4), chance.randint(2, 5))
    weights, smoothing = [between(0.1, 3) for _ in range(shape[-1])], chance.choice([0.0, between(0.01, 0.5)])
    weighed = chance.random() < 0.5
    y = torch.softmax(given(shape), -1) * (given(shape) > -1)
    loss_of(yaml_of("cross_entropy", label_smoothing=smoothing, **({"weight": weights} if weighed else {})),
            CrossEntropyLoss(torch.tensor(weights) if weighed else None, label_smoothing=smoothing), shape, target=y)
