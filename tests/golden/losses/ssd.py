# ssd beside torchvision's SSD.compute_loss with SSDMatcher, the sum of its two parts; torch 2.15, torchvision 0.29.
# torchvision takes positive anchors a second time where there are fewer negatives than it wants: not recorded.
# SPDX-License-Identifier: Apache-2.0
import types

import torch
from golden import chance, given, loss_of, yaml_of
from torchvision.models.detection import _utils
from torchvision.models.detection.ssd import SSD
from torchvision.ops import box_iou


def anchors_on(count, size):
    middle, half = torch.rand(count, 2) * size, (torch.rand(count, 2) * 0.3 + 0.1) * size / 2
    return (torch.cat([middle - half, middle + half], 1) * 64).round() / 64


def loss(x, y, negatives, overlap):
    boxes, labels, matched = [], [], []
    anchors = x[..., :4].detach()
    for rows, own in zip(y, anchors):
        rows = rows[(rows[:, 4] >= 0) & (rows[:, 5] == 0)]
        boxes.append(rows[:, :4])
        labels.append(rows[:, 4].long() + 1)
        none = torch.full((len(own),), -1)
        matched.append(_utils.SSDMatcher(overlap)(box_iou(rows[:, :4], own)) if len(rows) else none)
    positive = torch.stack([(m >= 0).sum() for m in matched])
    if (negatives * positive > anchors.shape[1] - positive).any():
        return None
    ssd = types.SimpleNamespace(box_coder=_utils.BoxCoder((10.0, 10.0, 5.0, 5.0)), neg_to_pos_ratio=negatives)
    parts = SSD.compute_loss(ssd, [{"boxes": b, "labels": n} for b, n in zip(boxes, labels)],
                             {"bbox_regression": x[..., 6:10], "cls_logits": x[..., 10:]}, list(anchors), matched)
    return parts["bbox_regression"] + parts["classification"]


recorded = 0
while recorded < 20:
    batch, count, classes, most = chance.randint(1, 3), chance.randint(12, 24), chance.randint(1, 4), chance.randint(1, 3)
    negatives, overlap, size = chance.choice([1, 2, 3]), chance.choice([0.3, 0.5, 0.7]), 32
    x = given((batch, count, 11 + classes))
    x[..., :4] = torch.stack([anchors_on(count, size) for _ in range(batch)])
    x[..., 4:6] = size
    y = torch.zeros(batch, most, 6)
    y[..., 4] = -1
    for b in range(batch):
        for i in range(chance.randint(0, most)):
            y[b, i, :4] = anchors_on(1, size)[0] if chance.random() < 0.5 else x[b, chance.randint(0, count - 1), :4] + given((4,), -1, 1)
            y[b, i, 4] = chance.randint(0, classes - 1)
            y[b, i, 5] = chance.choice([0, 0, 0, 1, 2])
    if loss(x, y, negatives, overlap) is None or (y[..., 4].max() < 0 and recorded > 0):
        continue
    recorded += 1
    loss_of(yaml_of("ssd", negatives=negatives, iou_thresh=overlap), lambda x, y: loss(x, y, negatives, overlap), x, target=y)
