# Layers that move numbers beside PyTorch's functions. Where `channels last` matters to PyTorch the scripts say so: images
# are given to it with their channels first.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, layer, some_shape
from torch import nn
from torch.nn import functional as F


class Function(nn.Module):
    def __init__(self, of, first=False):
        super().__init__()
        self.of, self.first = of, first  # first: what golden gives with channels first is wanted so

    def forward(self, x):
        if self.first:
            return self.of(x)
        y = self.of(x.movedim(1, -1) if x.dim() > 3 else x)
        return y.movedim(-1, 1) if y.dim() > 3 else y


def text(numbers):
    return "[" + ", ".join(str(n) for n in numbers) + "]"


def divisors(n):
    return [d for d in range(1, n + 1) if n % d == 0]


def split_up(n, parts):
    sizes = []
    for _ in range(parts - 1):
        sizes.append(chance.choice(divisors(n)))
        n //= sizes[-1]
    return sizes + [n]


for _ in range(20):
    shape = some_shape(2, 3, 4, 5)
    rank, n = len(shape), torch.Size(shape[1:]).numel()
    axis = chance.randint(1, rank - 1)
    named = chance.choice((axis, axis - rank))
    size = shape[axis]

    sizes = split_up(n, chance.randint(1, 4))
    asked = list(sizes)
    asked[chance.randrange(len(sizes))] = -1
    layer(f"reshape: {text(asked)}", Function(lambda x: x.reshape(x.shape[0], *sizes)), shape)

    order = list(range(1, rank))
    chance.shuffle(order)
    layer(f"permute: {text(order)}", Function(lambda x: x.permute(0, *order)), shape)

    tall = some_shape(3, 4, 5)
    one, other = chance.randint(1, len(tall) - 1), chance.randint(1, len(tall) - 1)
    layer(f"transpose: {text((one - len(tall), other))}", Function(lambda x: x.transpose(one, other)), tall)
    layer("to_sequence", Function(lambda x: x.flatten(1, -2)), tall)
    single = list(tall)
    single[one] = 1
    layer(f"squeeze: {one}", Function(lambda x: x.squeeze(one)), single)
    place = chance.randrange(tall[one])
    layer(f"select: {{axis: {one}, index: {chance.choice((place, place - tall[one]))}}}", Function(lambda x: x.select(one, place)), tall)
    repeats = chance.randint(1, 3)
    layer(f"repeat_vector: {repeats}", Function(lambda x: x[:, None].repeat(1, repeats, 1)), some_shape(2))

    new = chance.randint(1, rank)
    layer(f"unsqueeze: {chance.choice((new, new - rank - 1))}", Function(lambda x: x.unsqueeze(new)), shape)

    times = [chance.randint(1, 2) for _ in shape[1:]]
    layer(f"tile: {text(times)}", Function(lambda x: x.repeat(1, *times)), shape)

    begin = chance.randrange(size)
    end, step = chance.randint(begin + 1, size), chance.randint(1, 3)
    begins = chance.choice((begin, begin - size))
    layer(f"slice: {{axis: {named}, begin: {begins}, end: {end}, step: {step}}}",
          Function(lambda x: x.movedim(axis, 0)[begin:end:step].movedim(0, axis)), shape)

    parts = chance.choice(divisors(size))
    index = chance.randrange(parts)
    layer(f"split: {{axis: {named}, parts: {parts}, index: {index}}}", Function(lambda x: x.chunk(parts, axis)[index]), shape)

    flipped = sorted({axis, chance.randint(1, rank - 1)})
    layer(f"flip: {text(flipped)}", Function(lambda x: x.flip(flipped)), shape)

    image = some_shape(4, 5)
    groups = chance.choice(divisors(image[-1]))
    layer(f"channel_shuffle: {groups}", nn.ChannelShuffle(groups), image)

    r, c = chance.choice((1, 2, 3)), chance.randint(1, 2)
    h, w = chance.randint(1, 2), chance.randint(1, 2)
    layer(f"pixel_shuffle: {r}", nn.PixelShuffle(r), (1, h, w, c * r * r))
    layer(f"pixel_unshuffle: {r}", nn.PixelUnshuffle(r), (1, h * r, w * r, c))
    # TensorFlow's forms: the channels of a place stay together.
    layer(f"space_to_depth: {r}", Function(
        lambda x: x.reshape(1, h, r, w, r, c).permute(0, 1, 3, 2, 4, 5).reshape(1, h, w, -1)), (1, h * r, w * r, c))
    layer(f"depth_to_space: {r}", Function(
        lambda x: x.reshape(1, h, w, r, r, c).permute(0, 1, 3, 2, 4, 5).reshape(1, h * r, w * r, c)), (1, h, w, c * r * r))

# The ends of axes, and other sizes.
for _ in range(20):
    shape = some_shape(3, 4, 5, most=24)
    spatial = shape[1:-1]
    ends = [(chance.randint(0, 2), chance.randint(0, 2)) for _ in spatial]
    given = text(text(e) for e in ends)
    flat = [n for e in reversed(ends) for n in e]
    layer(f"pad: {{size: {given}, value: 0.5}}", Function(lambda x: F.pad(x, flat, value=0.5), first=True), shape,
          sequences=True)
    for mode in ("reflect", "replicate", "circular"):
        most = {"reflect": -1, "circular": 0, "replicate": 3}[mode]
        fit = [tuple(min(n, s + most) for n in e) for e, s in zip(ends, spatial)]
        flat_fit = [n for e in reversed(fit) for n in e]
        layer(f"pad: {{size: {text(text(e) for e in fit)}, mode: {mode}}}",
              Function(lambda x: F.pad(x, flat_fit, mode=mode), first=True), shape, sequences=True)
    fit = [(b, min(e, s - 1 - b)) for (b, e), s in zip(((min(b, s - 1), e) for (b, e), s in zip(ends, spatial)), spatial)]
    flat_crop = [-n for e in reversed(fit) for n in e]
    layer(f"crop: {text(text(e) for e in fit)}", Function(lambda x: F.pad(x, flat_crop), first=True), shape, sequences=True)

for _ in range(20):
    shape = some_shape(3, 4, 5, most=12)
    modes = {3: ["nearest", "nearest-exact", "linear"], 4: ["nearest", "nearest-exact", "bilinear", "bicubic"],
             5: ["nearest", "nearest-exact", "trilinear"]}[len(shape)]
    for mode in modes:
        align = chance.random() < 0.4 and not mode.startswith("nearest")
        keys = dict(mode=mode) | (dict(align_corners=align) if align else {})
        rest = ", ".join(f"{k}: {str(v).lower()}" for k, v in keys.items())
        more = dict(mode=mode, align_corners=align) if not mode.startswith("nearest") else dict(mode=mode)
        if chance.random() < 0.5:
            size = [chance.randint(1, 4) for _ in shape[1:-1]]
            layer(f"upsample: {{size: {text(size)}, {rest}}}", nn.Upsample(size=size, **more), shape, sequences=True)
        else:
            # Of an output twice as large PyTorch's nearest takes another place, whatever the factor; backwards also in 1d.
            factor = [chance.choice((1, 2, 2, 3, 1.5, 1.5 if mode == "nearest" else 2.25)) for _ in shape[1:-1]]
            layer(f"upsample: {{scale_factor: {text(factor)}, {rest}}}", nn.Upsample(scale_factor=tuple(factor), **more), shape,
                  sequences=True)
