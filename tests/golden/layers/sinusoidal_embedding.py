# sinusoidal_embedding beside the formula of Vaswani et al. in double.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import layer


class Waves(torch.nn.Module):
    def forward(self, x):
        position = torch.arange(x.shape[1], dtype=torch.float64)[:, None]
        feature = torch.arange(x.shape[2])
        angle = position * 10000.0 ** (-(feature // 2 * 2) / x.shape[2]).double()
        return x + torch.where(feature % 2 == 0, angle.sin(), angle.cos()).float()


layer("sinusoidal_embedding", Waves(), (2, 9, 6))
layer("sinusoidal_embedding", Waves(), (1, 5, 3))
