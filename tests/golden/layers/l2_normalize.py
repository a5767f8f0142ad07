# l2_normalize beside torch.nn.functional.normalize along the channels.
# SPDX-License-Identifier: Apache-2.0
from golden import chance, layer, some_shape
from torch import nn
from torch.nn import functional as F


class Normalize(nn.Module):
    def __init__(self, eps):
        super().__init__()
        self.eps = eps

    def forward(self, x):
        return F.normalize(x, dim=1 if x.dim() > 3 else -1, eps=self.eps)  # the channels


for _ in range(20):
    eps = chance.choice((1e-12, 0.5, 2))
    layer(f"l2_normalize: {{eps: {eps}}}", Normalize(eps), some_shape(2, 3, 4, last=chance.randint(2, 5)))
