# lovasz beside the algorithms of its paper (Berman et al. 2017, arXiv:1705.08790), written here.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, loss_of, whole, yaml_of


def extension(errors, y):
    order = torch.sort(errors.detach(), descending=True, stable=True).indices
    y = y[order]
    union = y.sum() + (1 - y).cumsum(0)
    jaccard = 1 - (y.sum() - y.cumsum(0)) / union
    slopes = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
    return (errors[order].clamp(min=0) * slopes).sum()


def hinge(x, y, ignored):
    def of(x, y):
        x, y = x.reshape(-1)[y.reshape(-1) != ignored], y.reshape(-1)[y.reshape(-1) != ignored].float()
        return extension(1 - x * (2 * y - 1), y)
    return torch.stack([of(a, b) for a, b in zip(x, y)]).mean()


def softmax(x, y, classes, ignored):
    def of(x, y):
        count = x.shape[-1]
        kept = y.reshape(-1) != ignored
        p, y = torch.softmax(x, -1).reshape(-1, count)[kept], y.reshape(-1)[kept]
        all = [extension(((y == c).float() - p[:, c]).abs(), (y == c).float())
               for c in range(count) if classes == "all" or (y == c).any()]
        return torch.stack(all).mean() if all else 0 * x.sum()
    return torch.stack([of(a, b) for a, b in zip(x, y)]).mean()


for _ in range(15):
    batch, places, count = chance.randint(1, 3), chance.randint(1, 9), chance.randint(2, 4)
    shape = (batch, places) if chance.random() < 0.5 else (batch, 2, places)
    ignored, classes = chance.choice([-1, 0]), chance.choice(["present", "all"])
    keys = {} if ignored < 0 else {"ignore_index": ignored}
    loss_of(yaml_of("lovasz", classes=classes, **keys), lambda x, y: softmax(x, y, classes, ignored), shape + (count,),
            target=whole(count, shape))
    loss_of("lovasz: {activation: sigmoid}", lambda x, y: hinge(x, y, -1), shape, target=whole(2, shape))
loss_of("lovasz", lambda x, y: softmax(x, y, "present", -1), (1, 4, 3), target=torch.zeros(1, 4, dtype=torch.long))
loss_of("lovasz: {ignore_index: 1}", lambda x, y: softmax(x, y, "present", 1), (2, 3, 3), target=torch.tensor([[1, 1, 1], [0, 1, 2]]))
loss_of("lovasz: {activation: sigmoid, ignore_index: 2}", lambda x, y: hinge(x, y, 2), (2, 5), target=whole(3, (2, 5)))
