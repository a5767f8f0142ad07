# Activations beside torch.nn's; what PyTorch lacks beside Keras' formulas.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, layer, some_shape
from torch import nn
from torch.nn import functional as F


class Function(nn.Module):
    def __init__(self, of):
        super().__init__()
        self.of = of

    def forward(self, x):
        return self.of(x)


def number(low, high):
    return chance.randint(int(low * 64), int(high * 64)) / 64


def sparsemax(x):
    """Martins and Astudillo's algorithm 1."""
    z = x.sort(-1, descending=True).values
    k = torch.arange(1, x.shape[-1] + 1)
    sums = z.cumsum(-1)
    support = (1 + k * z > sums).sum(-1, keepdim=True)
    return (x - (sums.gather(-1, support - 1) - 1) / support).clamp(min=0)


def keyed(name, **keys):
    return f"{name}: {{{', '.join(f'{k}: {v}' for k, v in keys.items())}}}" if keys else name


def elsewhere(x, inside, outside):
    return torch.where(x, inside, outside)


# Of each: its YAML and the module, drawn anew for each case.
def drawn():
    alpha, beta, low, high = number(0.25, 2), number(0.5, 3), number(-1.5, 0), number(0.25, 1.5)
    yield "elu: " + str(alpha), nn.ELU(alpha)
    yield "selu", nn.SELU()
    yield f"celu: {{alpha: {alpha}}}", nn.CELU(alpha)
    yield "silu", nn.SiLU()
    yield "quick_gelu", Function(lambda x: x * torch.sigmoid(1.702 * x))
    yield "mish", nn.Mish()
    yield f"softplus: {{beta: {beta}, threshold: {round(8 * alpha)}}}", nn.Softplus(beta, round(8 * alpha))
    yield "softsign", nn.Softsign()
    yield f"hardtanh: {{min_val: {low}, max_val: {high}}}", nn.Hardtanh(low, high)
    yield "relu6", nn.ReLU6()
    yield "hardsigmoid", nn.Hardsigmoid()
    yield "hardswish", nn.Hardswish()
    yield "log_sigmoid", nn.LogSigmoid()
    yield "log_softmax", nn.LogSoftmax(-1)
    yield "softmax", nn.Softmax(-1)
    yield "softmin", nn.Softmin(-1)
    yield "sparsemax", Function(sparsemax)
    yield f"threshold: {{threshold: {low}, value: {alpha}}}", nn.Threshold(low, alpha)
    yield f"hardshrink: {alpha}", nn.Hardshrink(alpha)
    yield f"softshrink: {alpha}", nn.Softshrink(alpha)
    yield "tanhshrink", nn.Tanhshrink()
    yield "exponential", Function(torch.exp)
    yield f"squareplus: {beta}", Function(lambda x: (x + (x * x + beta).sqrt()) / 2)
    yield "squared_relu", Function(lambda x: F.relu(x) ** 2)
    yield "sparse_plus", Function(
        lambda x: torch.where(x <= -1, 0, torch.where(x < 1, (x + 1) ** 2 / 4, x)))
    yield "sparse_sigmoid", Function(lambda x: F.hardtanh((x + 1) / 2, 0, 1))
    yield "identity", nn.Identity()
    yield "prelu", nn.PReLU()
    yield "relu", nn.ReLU()
    yield f"leaky_relu: {alpha}", nn.LeakyReLU(alpha)
    yield "sigmoid", nn.Sigmoid()
    yield "tanh", nn.Tanh()
    yield "gelu", nn.GELU()
    yield "gelu: {approximate: tanh}", nn.GELU("tanh")


for _ in range(20):
    for yaml, module in drawn():
        shape = some_shape(2, 3)
        high = 5 if yaml in ("relu6", "hardsigmoid", "hardswish", "softsign", "tanhshrink") else 2
        layer(yaml, module, shape, low=-high, high=high)
    shape = some_shape(2, 3, 4)
    layer("prelu: {per_channel: true}", nn.PReLU(shape[-1]), shape) if len(shape) != 3 else None
    low, high = number(0, 0.25), number(0.25, 0.75)
    layer(f"rrelu: {{lower: {low}, upper: {high}}}", nn.RReLU(low, high), some_shape(2, 3), training=False)
    shape = some_shape(2, 3, last=chance.choice((2, 4, 6)), most=6)
    layer("glu", nn.GLU(-1), shape)
    halves = lambda of: Function(lambda x: x.chunk(2, -1)[0] * of(x.chunk(2, -1)[1]))
    layer("geglu", halves(F.gelu), shape)
    layer("swiglu", halves(F.silu), shape)
    layer("reglu", halves(F.relu), shape)
    pieces = chance.choice((1, 2, 3))
    layer(f"maxout: {pieces}", Function(lambda x: x.unflatten(-1, (-1, pieces)).amax(-1)),
          some_shape(2, 3, last=pieces * chance.randint(1, 3), most=4))
