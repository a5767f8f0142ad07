# Losses of classes: beside PyTorch's, torchvision's and Keras' formulas written here, and papers'.
# SPDX-License-Identifier: Apache-2.0
import torch
import torch.nn.functional as F
from golden import between, chance, given, loss_of, whole, yaml_of
from torch import nn


def size():
    return chance.randint(1, 4), chance.randint(2, 5)


def signs(shape):
    return whole(2, shape) * 2.0 - 1


for _ in range(20):
    shape = size()
    p = torch.softmax(given(shape), -1)
    x = torch.log_softmax(given(shape), -1)
    loss_of("kl_div", nn.KLDivLoss(reduction="batchmean"), x, target=p)
    loss_of("kl_div: {log_target: true}", nn.KLDivLoss(reduction="batchmean", log_target=True), x, target=p.log())
loss_of("kl_div", nn.KLDivLoss(reduction="batchmean"), (2, 3), target=torch.tensor([[0.0, 1, 0], [0.5, 0.5, 0]]))

for _ in range(20):
    shape = size()
    yaml_margin = between(0.2, 2)
    zero_one = whole(2, shape)
    loss_of("hinge", lambda x, y: (1 - (2 * y - 1) * x).clamp(min=0).mean(), shape, target=zero_one)
    loss_of("squared_hinge", lambda x, y: (1 - y * x).clamp(min=0).square().mean(), shape, target=signs(shape))
    loss_of("soft_margin", nn.SoftMarginLoss(), shape, target=signs(shape))
    loss_of(yaml_of("hinge_embedding", margin=yaml_margin), nn.HingeEmbeddingLoss(yaml_margin), shape, target=signs(shape))
    p, weights = chance.choice([1, 2]), [between(0.1, 3) for _ in range(shape[1])]
    loss_of(yaml_of("multi_margin", p=p, margin=yaml_margin, weight=weights),
            nn.MultiMarginLoss(p, yaml_margin, torch.tensor(weights)), shape, target=whole(shape[1], shape[:1]))

    def by_index(x, y):  # PyTorch wants the indices of the labels, then -1
        rows = [[i for i, there in enumerate(row) if there] for row in y.tolist()]
        indices = torch.tensor([row + [-1] * (len(y[0]) - len(row)) for row in rows])
        return nn.MultiLabelMarginLoss()(x, indices)

    loss_of("multilabel_margin", by_index, shape, target=zero_one)


def sigmoid_focal(x, y, alpha, gamma):
    """torchvision.ops.sigmoid_focal_loss, reduction mean."""
    p, ce = torch.sigmoid(x), F.binary_cross_entropy_with_logits(x, y, reduction="none")
    loss = ce * (1 - (p * y + (1 - p) * (1 - y))) ** gamma
    return (loss if alpha is None else (alpha * y + (1 - alpha) * (1 - y)) * loss).mean()


def focal(x, y, weights, gamma):
    log_p = torch.log_softmax(x, -1).gather(-1, y[..., None])[..., 0]
    w = weights[y]
    return (-w * (1 - log_p.exp()) ** gamma * log_p).sum() / w.sum()


for _ in range(20):
    shape, gamma, alpha = size(), chance.choice([0, between(0.5, 3)]), chance.choice([None, between(0.1, 0.9)])
    keys = dict(gamma=gamma) | (dict(alpha=alpha) if alpha else {})
    loss_of(yaml_of("binary_focal", **keys), lambda x, y: sigmoid_focal(x, y, alpha, gamma), shape,
            target=chance.choice([whole(2, shape) * 1.0, given(shape, 0, 1)]))
    weights = [between(0.1, 3) for _ in range(shape[1])]
    loss_of(yaml_of("focal", gamma=gamma, weight=weights), lambda x, y: focal(x, y, torch.tensor(weights), gamma), shape,
            target=whole(shape[1], shape[:1]))
    loss_of(yaml_of("focal", gamma=gamma),  # Keras: CategoricalFocalCrossentropy(alpha=1)
            lambda x, y: (-y * (1 - torch.softmax(x, -1)) ** gamma * torch.log_softmax(x, -1)).sum(-1).mean(), shape,
            target=torch.softmax(given(shape), -1))
    t = between(0.5, 5)
    loss_of(yaml_of("distillation", temperature=t),
            lambda x, y: t * t * nn.KLDivLoss(reduction="batchmean")(F.log_softmax(x / t, -1), F.softmax(y / t, -1)), shape,
            target=given(shape))


def overlap(score, sigmoid):
    def of(x, y):
        batch, classes = x.shape[0], 1 if sigmoid else x.shape[-1]
        p = (torch.sigmoid(x) if sigmoid else torch.softmax(x, -1)).reshape(batch, -1, classes)
        y = (y.float() if sigmoid else F.one_hot(y, classes).float()).reshape(batch, -1, classes)
        tp, fp, fn = (p * y).sum(1), (p * (1 - y)).sum(1), ((1 - p) * y).sum(1)
        return (1 - score(tp, fp, fn)).mean()
    return of


for _ in range(20):
    smooth, sigmoid, classes = between(0.01, 2), chance.random() < 0.5, chance.randint(2, 3)
    shape = (2, chance.randint(1, 3), chance.randint(1, 3))
    target = whole(2 if sigmoid else classes, shape)
    shape = shape if sigmoid else shape + (classes,)
    keys = dict(smooth=smooth, activation="sigmoid" if sigmoid else "softmax")
    alpha, beta, gamma = between(0, 1), between(0, 1), chance.choice([1, between(0.5, 2)])
    loss_of(yaml_of("dice", **keys), overlap(lambda tp, fp, fn: (2 * tp + smooth) / (2 * tp + fp + fn + smooth), sigmoid),
            shape, target=target)
    loss_of(yaml_of("jaccard", **keys), overlap(lambda tp, fp, fn: (tp + smooth) / (tp + fp + fn + smooth), sigmoid), shape,
            target=target)
    loss_of(yaml_of("tversky", alpha=alpha, beta=beta, gamma=gamma, **keys),
            overlap(lambda tp, fp, fn: 1 - (1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)) ** gamma, sigmoid),
            shape, target=target)
