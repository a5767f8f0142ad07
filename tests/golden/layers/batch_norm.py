# batch_norm beside torch.nn.BatchNorm2d and BatchNorm1d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import BatchNorm1d, BatchNorm2d

layer("batch_norm", BatchNorm2d(3), (2, 3, 2, 3))
layer("batch_norm", BatchNorm2d(3), (2, 2, 2, 3), training=False)
layer("batch_norm: {eps: 0.01, momentum: 0.25}", BatchNorm1d(4, eps=0.01, momentum=0.25), (5, 4))
