# Convolutions of random sizes and keys beside torch.nn's.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, layer
from torch import nn
from torch.nn import functional as F


def text(numbers):
    return str(numbers[0]) if len(numbers) == 1 else "[" + ", ".join(str(n) for n in numbers) + "]"


def keyed(name, **keys):
    def word(v):
        return str(v).lower() if isinstance(v, bool) else v
    return f"{name}: {{{', '.join(f'{k}: {word(v)}' for k, v in keys.items())}}}"


class Causal(nn.Module):
    """What a position sees are itself and those before it, as Keras has it."""

    def __init__(self, conv):
        super().__init__()
        self.conv, self.before = [conv], conv.dilation[0] * (conv.kernel_size[0] - 1)
        for name, p in conv.named_parameters():
            self.register_parameter(name, p)

    def forward(self, x):
        return self.conv[0](F.pad(x, (self.before, 0)))


class Separable(nn.Module):
    def __init__(self, rank, channels, out, kernel, stride, padding, times, bias):
        super().__init__()
        conv = (nn.Conv1d, nn.Conv2d)[rank - 1]
        self.depthwise = conv(channels, channels * times, kernel, stride, padding, groups=channels, bias=False)
        self.pointwise = conv(channels * times, out, 1, bias=bias)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


def drawn(rank):
    most = {1: 6, 2: 4, 3: 3}[rank]
    sizes = [chance.randint(2, most) for _ in range(rank)]
    kernel = [chance.randint(1, min(3, s)) for s in sizes]
    stride = [chance.randint(1, 2) for _ in sizes]
    padding = [chance.randint(0, min(1, s - 1)) for s in sizes]
    dilation = [chance.choice((1, 2)) if 2 * (k - 1) < s else 1 for k, s in zip(kernel, sizes)]
    return sizes, kernel, stride, padding, dilation


for rank in (1, 2, 3):
    conv, transposed = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[rank - 1], (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[rank - 1]
    for i in range(20):
        sizes, kernel, stride, padding, dilation = drawn(rank)
        groups = chance.choice((1, 1, 2))
        channels, out = groups * chance.randint(1, 2), groups * chance.randint(1, 2)
        bias = chance.random() < 0.7
        mode = chance.choice(("zeros", "reflect", "replicate", "circular"))
        shape = (chance.randint(1, 2), *sizes, channels)
        made = conv(channels, out, kernel, stride, padding, dilation, groups, bias, mode)
        keys = dict(out_channels=out, kernel_size=text(kernel), stride=text(stride), padding=text(padding), dilation=text(dilation),
                    groups=groups, bias=bias)
        layer(keyed(f"conv{rank}d", **keys, padding_mode=mode), made, shape, sequences=True)
        more = [chance.randint(0, s - 1) for s in stride]
        if all((n - 1) * s - 2 * p + d * (k - 1) + o + 1 > 0 for n, s, p, d, k, o in zip(sizes, stride, padding, dilation, kernel, more)):
            layer(keyed(f"conv_transpose{rank}d", **keys, output_padding=text(more)),
                  transposed(channels, out, kernel, stride, padding, more, groups, bias, dilation), shape, sequences=True)
        if i < 12 and channels // groups * torch.Size(kernel).numel() > 1 and out * channels > 1:
            for key, of in (("weight_norm", nn.utils.weight_norm), ("spectral_norm", nn.utils.spectral_norm)):
                for training in (True, False) if key == "spectral_norm" else (True,):
                    layer(keyed(f"conv{rank}d", **keys, **{key: True}),
                          of(conv(channels, out, kernel, stride, padding, dilation, groups, bias)), shape, sequences=True, training=training)
            layer(keyed(f"conv_transpose{rank}d", **keys, spectral_norm=True),
                  nn.utils.spectral_norm(transposed(channels, out, kernel, stride, padding, 0, groups, bias, dilation)),
                  shape, sequences=True) if all((n - 1) * s - 2 * p + d * (k - 1) + 1 > 0 for n, s, p, d, k in zip(
                      sizes, stride, padding, dilation, kernel)) else None
        if rank == 3:
            continue
        times = chance.randint(1, 2)
        layer(keyed(f"depthwise_conv{rank}d", kernel_size=text(kernel), stride=text(stride), padding=text(padding),
                    dilation=text(dilation), depth_multiplier=times, bias=bias),
              conv(channels, channels * times, kernel, stride, padding, dilation, channels, bias), shape, sequences=True)
        layer(keyed(f"separable_conv{rank}d", out_channels=out, kernel_size=text(kernel), stride=text(stride), padding=text(padding),
                    depth_multiplier=times, bias=bias),
              Separable(rank, channels, out, kernel, stride, padding, times, bias), shape, sequences=True)
        if rank == 1:
            layer(keyed("conv1d", out_channels=out, kernel_size=kernel[0], stride=stride[0], dilation=dilation[0], padding="causal"),
                  Causal(conv(channels, out, kernel, stride, 0, dilation)), shape, sequences=True)

for _ in range(7):
    features, out, bias = chance.randint(3, 4), chance.randint(2, 4), chance.random() < 0.7
    shape = (2, features) if chance.random() < 0.5 else (1, 3, features)
    layer(keyed("linear", out_features=out, bias=bias), nn.Linear(features, out, bias), shape)
    layer(keyed("linear", out_features=out, bias=bias, weight_norm=True), nn.utils.weight_norm(nn.Linear(features, out, bias)), shape)
    layer(keyed("linear", out_features=out, bias=bias, spectral_norm=True), nn.utils.spectral_norm(nn.Linear(features, out, bias)), shape)
