# Layers of several inputs beside PyTorch's functions.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, layer, some_shape
from torch import nn
from torch.nn import functional as F


class Function(nn.Module):
    def __init__(self, of):
        super().__init__()
        self.of = of

    def forward(self, *x):
        last = [t.movedim(1, -1) if t.dim() > 3 else t for t in x]
        y = self.of(*last)
        return y.movedim(-1, 1) if y.dim() > 3 else y


def total(of):
    def joined(*x):
        y = x[0]
        for other in x[1:]:
            y = of(y, other)
        return y
    return Function(joined)


def with_ones(shape):
    """The same shape, or with size 1 along some of its axes."""
    return tuple(shape[:1]) + tuple(1 if chance.random() < 0.3 else s for s in shape[1:])


for _ in range(20):
    shape = some_shape(2, 3, 4)
    rank = len(shape)
    inputs = [shape] + [with_ones(shape) for _ in range(chance.randint(1, 2))]
    chance.shuffle(inputs)
    for name, of in (("add", torch.add), ("mul", torch.mul), ("maximum", torch.maximum), ("minimum", torch.minimum)):
        layer(name, total(of), *inputs)
    layer("average", Function(lambda *x: sum(x) / len(x)), *inputs)
    layer("sub", Function(torch.sub), *inputs[:2])
    layer("div", Function(torch.div), *inputs[:2], low=0.5, high=2)
    axis = chance.randint(1, rank - 1)
    beside = [tuple(chance.randint(1, 3) if i == axis else s for i, s in enumerate(shape)) for _ in range(chance.randint(2, 3))]
    layer(f"concat: {chance.choice((axis, axis - rank))}", Function(lambda *x: torch.cat(x, axis)), *beside)
    new = chance.randint(1, rank)
    layer(f"stack: {new}", Function(lambda *x: torch.stack(x, new)), *[shape] * chance.randint(2, 3))

    vectors = some_shape(2, 3, last=chance.randint(2, 4), most=4)
    layer("dot", Function(lambda a, b: (a * b).sum(-1, keepdim=True)), vectors, vectors)
    layer("dot: {normalize: true}", Function(lambda a, b: (F.normalize(a, dim=-1) * F.normalize(b, dim=-1)).sum(-1, keepdim=True)),
          vectors, vectors)
    layer("cosine_similarity", Function(lambda a, b: F.cosine_similarity(a, b, -1)[..., None]), vectors, vectors)
    p = chance.choice((1, 2, 2, 3))
    layer(f"pairwise_distance: {p}", Function(lambda a, b: F.pairwise_distance(a, b, p, keepdim=True)), vectors, vectors)
    batch, m, n, k = (chance.randint(1, 3) for _ in range(4))
    layer("outer", Function(lambda a, b: torch.einsum("bi,bj->bij", a, b)), (batch, m), (batch, n))
    layer("outer: add", Function(lambda a, b: a[:, :, None] + b[:, None]), (batch, m), (batch, n))
    a = chance.random() < 0.5
    b = chance.random() < 0.5
    layer(f"matmul: {{transpose_a: {str(a).lower()}, transpose_b: {str(b).lower()}}}",
          Function(lambda x, y: (x.mT if a else x) @ (y.mT if b else y)),
          (batch, k, m) if a else (batch, m, k), (batch, n, k) if b else (batch, k, n))
    rows = chance.randint(2, 4)
    i, j = torch.tril_indices(rows, rows, -1)
    layer("pairwise_dot", Function(lambda x: (x @ x.mT)[:, i, j]), (batch, rows, k))
    bias = chance.random() < 0.7
    layer(f"bilinear: {{out_features: {n}, bias: {str(bias).lower()}}}", nn.Bilinear(m, k, n, bias), (batch, m), (batch, k))
