# Boxes through transforms beside torchvision.transforms.v2.functional on tv_tensors.BoundingBoxes, and what
# SanitizeBoundingBoxes leaves of them. What is drawn is given here by the numbers that the images are moved by.
# Recorded with torch 2.15 and torchvision 0.29.
# SPDX-License-Identifier: Apache-2.0
import torch
import torchvision.transforms.v2 as v2
import torchvision.transforms.v2.functional as F
from golden import cases, chance
from torchvision import tv_tensors


def between(low, high):
    return chance.randint(int(low * 64), int(high * 64)) / 64


def some_boxes(h, w):
    boxes = []
    for _ in range(chance.randint(1, 6)):
        x, y = sorted([between(0, w), between(0, w)]), sorted([between(0, h), between(0, h)])
        boxes.append([x[0], y[0], x[1], y[1]])
    return boxes


def moved(yaml, function, h, w, **more):
    given = some_boxes(h, w)
    boxes = tv_tensors.BoundingBoxes(torch.tensor(given), format="XYXY", canvas_size=(h, w))
    result = function(boxes)
    left = v2.SanitizeBoundingBoxes()({"boxes": result, "labels": torch.arange(len(given))})
    rows = torch.cat([left["boxes"], left["labels"][:, None]], 1)
    cases.append({"yaml": yaml, "image": [h, w], "boxes": given, "size": list(result.canvas_size),
                  "rows": [[float(f"{v:.8g}") for v in row] for row in rows.tolist()]} | more)


for i in range(16):
    h, w = chance.randint(6, 40), chance.randint(6, 40)
    to = [chance.randint(1, 60), chance.randint(1, 60)]
    moved("horizontal_flip: 1", F.horizontal_flip, h, w)
    moved("vertical_flip: 1", F.vertical_flip, h, w)
    moved(f"resize: {to}", lambda x: F.resize(x, to), h, w)
    crop = [chance.randint(1, h), chance.randint(1, w)]
    moved(f"center_crop: {crop}", lambda x: F.center_crop(x, crop), h, w)
    sides = [chance.randint(0, 9) for _ in range(4)]
    moved(f"pad: {sides}", lambda x: F.pad(x, sides), h, w)
    angle, scale = between(-180, 180), between(0.5, 2)
    shear = [between(-30, 30), between(-30, 30)]
    moved(f"rotation: {{degrees: [{angle}, {angle}]}}", lambda x: F.rotate(x, angle), h, w)
    moved(f"affine: {{degrees: [{angle}, {angle}], scale: [{scale}, {scale}], shear: [{shear[0]}, {shear[0]}, "
          f"{shear[1]}, {shear[1]}]}}", lambda x: F.affine(x, angle, [0, 0], scale, shear), h, w)
    move = [chance.randint(-5, 5), chance.randint(-5, 5)]
    moved("", lambda x: F.affine(x, angle, move, scale, shear), h, w, affine=[angle, scale, *move, *shear])
    corners = [[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]]
    ends = [[x + chance.randint(-1, 2), y + chance.randint(-1, 2)] for x, y in corners]
    moved("", lambda x: F.perspective(x, corners, ends), h, w, corners=ends)
