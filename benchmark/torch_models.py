# The networks of configs/models that the benchmark measures, as users of PyTorch write them; each with a batch.
# SPDX-License-Identifier: Apache-2.0

import torch
from torch import nn


def images(batch, channels, size, classes=10):
    sizes = (size, size) if isinstance(size, int) else size
    return torch.randn(batch, channels, *sizes), torch.randint(classes, (batch,))


def normed(inputs, outputs, size, stride=1, groups=1, activation=nn.ReLU):
    layers = [nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return layers + ([activation()] if activation else [])


class Sum(nn.Module):
    """x + f(x)"""

    def __init__(self, *inner):
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x):
        return x + self.inner(x)


def vgg11():
    layers, inputs = [], 3
    for width in (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"):
        if width == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
            inputs = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10)), images(64, 3, 32)


def inverted(inputs, outputs, stride, expand):
    inside = inputs * expand
    layers = normed(inputs, inside, 1, activation=nn.ReLU6) if expand > 1 else []
    layers += normed(inside, inside, 3, stride, inside, nn.ReLU6) + normed(inside, outputs, 1, activation=None)
    return Sum(*layers) if stride == 1 and inputs == outputs else nn.Sequential(*layers)


def mobilenet_v2():
    layers, inputs = normed(3, 32, 3, 2, activation=nn.ReLU6), 32
    for expand, outputs, blocks, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                            (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            layers.append(inverted(inputs, outputs, stride if block == 0 else 1, expand))
            inputs = outputs
    layers += normed(320, 1280, 1, activation=nn.ReLU6)
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, 1000))
    return model, images(8, 3, 128, 1000)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(batch, length, width))


class ViT(nn.Module):
    def __init__(self, size, width, heads, layers, classes):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(0.02 * torch.randn(1, (size // 16) ** 2 + 1, width))
        self.layers = nn.Sequential(*(nn.Sequential(
            Sum(nn.LayerNorm(width, 1e-6), Attention(width, heads)),
            Sum(nn.LayerNorm(width, 1e-6), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)))
            for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width, 1e-6), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.position
        return self.head(self.norm(self.layers(x))[:, 0])


def vit_tiny():
    return ViT(224, 192, 3, 12, 1000), images(8, 3, 224, 1000)


class UNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        widths = (64, 128, 256, 512, 1024)

        def twice(inputs, outputs):
            return nn.Sequential(*normed(inputs, outputs, 3), *normed(outputs, outputs, 3))

        self.down = nn.ModuleList(twice(a, b) for a, b in zip((3, *widths), widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[-2::-1])
        self.joined = nn.ModuleList(twice(2 * w, w) for w in widths[-2::-1])
        self.pool, self.head = nn.MaxPool2d(2), nn.Conv2d(64, classes, 1)

    def forward(self, x):
        kept = []
        for i, down in enumerate(self.down):
            x = down(self.pool(x) if i else x)
            kept.append(x)
        for up, joined, skip in zip(self.up, self.joined, kept[-2::-1]):
            x = joined(torch.cat([skip, up(x)], 1))
        return self.head(x)


def unet():
    x = torch.randn(2, 3, 96, 96)
    return UNet(3), (x, x)


def fcn_timeseries():
    layers, inputs = [], 1
    for width, size in ((128, 8), (256, 5), (128, 3)):
        layers += [nn.Conv1d(inputs, width, size, padding="same"), nn.BatchNorm1d(width), nn.ReLU()]
        inputs = width
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(128, 2))
    return model, (torch.randn(16, 1, 150), torch.randint(2, (16,)))


def depthwise():
    layers = [nn.Conv2d(3, 96, 1)]
    for size in (3, 5, 7, 3):
        layers += [nn.Conv2d(96, 96, size, padding=size // 2, groups=96), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(96, 10)), images(8, 3, 56)


def odd_sizes():
    layers = [*normed(5, 37, 3), *normed(37, 53, 5, 2), *normed(53, 71, 3, 2)]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(71, 11))
    return model, images(7, 5, (61, 43), 11)


def one_image():
    model, _ = mobilenet_v2()
    return model, images(1, 3, 128, 1000)


MODELS = {f.__name__: f for f in (
    vgg11, mobilenet_v2, vit_tiny, unet, fcn_timeseries, depthwise, odd_sizes, one_image)}
