# batch_norm beside torch.nn.BatchNorm1d, BatchNorm2d and BatchNorm3d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import BatchNorm1d, BatchNorm2d, BatchNorm3d

layer("batch_norm", BatchNorm2d(3), (2, 3, 2, 3))
layer("batch_norm", BatchNorm2d(3), (2, 2, 2, 3), training=False)
layer("batch_norm: {eps: 0.01, momentum: 0.25}", BatchNorm1d(4, eps=0.01, momentum=0.25), (5, 4))
layer("batch_norm", BatchNorm1d(3), (2, 4, 3), sequences=True)
layer("batch_norm", BatchNorm3d(2), (2, 2, 3, 2, 2))
