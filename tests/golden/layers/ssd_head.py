# ssd_head beside torchvision's SSDHead for one feature map and the boxes of its DefaultBoxGenerator, of an image of the
# map's own size; torch 2.15, torchvision 0.29.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, layer
from torch import nn
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.ssd import SSDClassificationHead, SSDRegressionHead


class Head(nn.Module):
    def __init__(self, channels, anchors, classes):
        super().__init__()
        self.anchors = anchors
        self.heads = [SSDRegressionHead([channels], [len(anchors)]),
                      SSDClassificationHead([channels], [len(anchors)], 1 + classes)]
        self.regression, self.classification = (head.module_list[0] for head in self.heads)

    def forward(self, x):
        h, w = x.shape[-2:]
        boxes = DefaultBoxGenerator([[2]], clip=False)
        boxes._wh_pairs = [torch.tensor([[a[1] / w, a[0] / h] for a in self.anchors])]
        boxes = boxes._grid_default_boxes([[h, w]], [h, w]) * torch.tensor([w, h, w, h])
        corners = torch.cat([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], 1)
        known = torch.cat([corners, torch.tensor([[w, h]] * len(corners), dtype=torch.float32)], 1)
        return torch.cat([known.expand(len(x), -1, -1)] + [head([x]) for head in self.heads], 2)


for _ in range(20):
    h, w, channels = chance.randint(1, 4), chance.randint(1, 3), chance.randint(1, 3)
    anchors = [[chance.randint(1, 9), chance.randint(1, 9)] for _ in range(chance.randint(1, 2))]
    classes = chance.randint(1, 3)
    layer(f"ssd_head: {{anchors: {anchors}, classes: {classes}}}", Head(channels, anchors, classes),
          (chance.randint(1, 2), h, w, channels))
