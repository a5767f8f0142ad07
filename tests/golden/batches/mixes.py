# Batches that torchvision's MixUp and CutMix have mixed, with the share and the box's centre given instead of drawn. torchvision
# mixes each image with the one before it, the first with the last; dlcli with the one behind it: the batch is turned round for it.
# SPDX-License-Identifier: Apache-2.0
import unittest.mock

import torch
from golden import batch as recorded_batch
from golden import between, chance, given
from torchvision.transforms import v2


class Share:
    def __init__(self, share):
        self.share = share

    def sample(self, shape):
        return torch.tensor(self.share, dtype=torch.float64)


def mixed(transform, share, x, y, *centre):
    """Of images [batch, height, width, channels] and labels of classes."""
    transform._dist = Share(share)
    with unittest.mock.patch("torch.randint", side_effect=[torch.tensor([at]) for at in centre]):
        x, y = transform(x.movedim(-1, 1).flip(0), y.flip(0))
    return x.flip(0).movedim(1, -1), y.flip(0)


for i in range(48):
    name, classes = ("mixup", "cutmix")[i % 2], chance.randint(2, 4)
    batch, height, width, channels = (chance.randint(low, high) for low, high in ((1, 4), (1, 6), (1, 6), (1, 2)))
    x, y = given((batch, height, width, channels)), torch.randint(classes, (batch,), generator=torch.Generator().manual_seed(i))
    alpha, share, probability, chosen = between(0.1, 2), between(0, 1), between(0.6, 1, 2), between(0, 1)
    row, column = chance.randint(0, height - 1), chance.randint(0, width - 1)
    one_hot = torch.nn.functional.one_hot(y, classes).float()
    if chosen >= probability:
        output, targets = x, one_hot
    elif name == "cutmix":
        output, targets = mixed(v2.CutMix(num_classes=classes), share, x, y, column, row)
    else:  # the larger share is the image's own
        output, targets = mixed(v2.MixUp(num_classes=classes), max(share, 1 - share), x, y)
    recorded_batch(f"{name}: {{alpha: {alpha}, probability: {probability}}}", x, one_hot, output, targets,
                   uniform=[chosen, (row + 0.5) / height, (column + 0.5) / width], beta=share)
