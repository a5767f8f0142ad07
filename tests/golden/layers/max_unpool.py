# Max unpooling beside torch.nn.MaxUnpool1d, 2d and 3d, with the places that torch.nn.MaxPool1d … gives.
# SPDX-License-Identifier: Apache-2.0
from golden import chance, layer
from torch import nn


class Unpool(nn.Module):
    def __init__(self, rank, kernel):
        super().__init__()
        self.pool = getattr(nn, f"MaxPool{rank}d")(kernel, return_indices=True)
        self.unpool = getattr(nn, f"MaxUnpool{rank}d")(kernel)

    def forward(self, x, before):
        _, places = self.pool(before.detach())
        return self.unpool(x, places, output_size=before.shape) + 0 * before.sum()  # a gradient of 0


for rank in (1, 2, 3):
    for _ in range(20):
        kernel = [chance.randint(1, 3) for _ in range(rank)]
        pooled = [chance.randint(1, {1: 4, 2: 3, 3: 2}[rank]) for _ in range(rank)]
        before = [n * k + chance.randint(0, k - 1) for n, k in zip(pooled, kernel)]
        batch, channels = chance.randint(1, 2), chance.randint(1, 2)
        text = str(kernel[0]) if rank == 1 else str(kernel)
        layer(f"max_unpool{rank}d: {text}", Unpool(rank, kernel), (batch, *pooled, channels), (batch, *before, channels),
              sequences=True)
