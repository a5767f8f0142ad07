# rms_norm beside torch.nn.RMSNorm.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import RMSNorm

layer("rms_norm", RMSNorm(6), (3, 6))
layer("rms_norm: {eps: 0.01}", RMSNorm(5, eps=0.01), (2, 3, 5))
