# layer_norm beside torch.nn.LayerNorm.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import LayerNorm

layer("layer_norm", LayerNorm(6), (3, 6))
layer("layer_norm: {bias: false, eps: 0.01}", LayerNorm(5, eps=0.01, bias=False), (2, 3, 5))
