# Transforms of places beside torchvision.transforms.v2.functional. What is drawn is given here by the numbers that the
# images are moved by.
# SPDX-License-Identifier: Apache-2.0
import random

import torch
import torchvision.transforms.v2.functional as F
from golden import transform
from torchvision.transforms import InterpolationMode

random.seed(2)
mode = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR}


def moved(function, name, fill):
    """Between the image and what lies outside of it the two are mixed once. torchvision weighs the image's part there by
    its share a second time, unless there is nothing outside: so the image is given without the fill, which is added."""
    if name == "nearest":
        return lambda x: function(x, fill)


    def apply(x):
        y = function(x.double() - fill, None) + fill
        return y.float() if x.is_floating_point() else y.round().to(torch.uint8)
    return apply


def between(low, high):
    return random.randint(int(low * 64), int(high * 64)) / 64


for i in range(24):
    name = "bilinear" if i % 2 else "nearest"
    h, w, channels, numbers = random.randint(5, 8), random.randint(5, 8), random.choice([1, 3, 4]), i % 8 == 7
    size = (h, w, channels, numbers)
    fill = [0, 0, random.randint(0, 255), random.randint(0, 255)][i % 4] / (255 if numbers else 1)
    angle = between(-180, 180)
    transform(f"rotation: {{degrees: [{angle}, {angle}], interpolation: {name}, fill: {fill}}}",
              moved(lambda x, f: F.rotate(x, angle, mode[name], fill=f), name, fill), *size)
    scale, shear = between(0.5, 2), [between(-30, 30), between(-30, 30)]
    transform(f"affine: {{degrees: [{angle}, {angle}], scale: [{scale}, {scale}], shear: [{shear[0]}, {shear[0]}, "
              f"{shear[1]}, {shear[1]}], interpolation: {name}, fill: {fill}}}",
              moved(lambda x, f: F.affine(x, angle, [0, 0], scale, shear, mode[name], fill=f), name, fill), *size)
    move = [random.randint(-3, 3), random.randint(-3, 3)]
    transform("", moved(lambda x, f: F.affine(x, angle, move, scale, shear, mode[name], fill=f), name, fill), *size,
              affine=[angle, scale, *move, *shear], bilinear=name == "bilinear", fill=fill)
    corners = [[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]]
    to = [[x + random.randint(-1, 2), y + random.randint(-1, 2)] for x, y in corners]
    transform("", moved(lambda x, f: F.perspective(x, corners, to, mode[name], fill=f), name, fill), *size,
              corners=to, bilinear=name == "bilinear", fill=fill)
    dx = (2 * torch.randint(-96, 96, (h, w)) + 1) / 128  # none between two places
    dy = (2 * torch.randint(-96, 96, (h, w)) + 1) / 128
    # A displacement counts halves of the image.
    transform("", moved(lambda x, f: F.elastic(x, torch.stack([dx * 2 / w, dy * 2 / h], -1)[None].to(x.dtype if f is None else torch.float32), mode[name], fill=f), name, fill), *size,
              displacement=[dx.reshape(-1).tolist(), dy.reshape(-1).tolist()], bilinear=name == "bilinear", fill=fill)
    sides = [random.randint(0, 3) for _ in range(4)]
    how = random.choice(["constant", "edge", "reflect", "symmetric"])
    transform(f"pad: {{padding: {sides}, fill: {fill}, padding_mode: {how}}}",
              lambda x: F.pad(x, sides, fill, how), *size)
    transform("vertical_flip: 1", F.vertical_flip, *size)

for i in range(24):
    h, w = random.randint(1, 8), random.randint(1, 8)
    size = (h, w, random.choice([1, 3, 4]), i % 8 == 7)
    transform("horizontal_flip: 1", F.horizontal_flip, *size)
    window = [random.randint(1, h), random.randint(1, w)]
    transform(f"center_crop: {window}", lambda x: F.center_crop(x, window), *size)
    other = [random.randint(1, 12), random.randint(1, 12)]
    transform(f"resize: {other}", lambda x: F.resize(x, other, antialias=True), *size)
    transform("rgb", F.grayscale_to_rgb, h, w, 1, size[3])
