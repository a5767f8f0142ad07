# max_pool3d beside torch.nn.MaxPool3d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import MaxPool3d

layer("max_pool3d: 2", MaxPool3d(2), (2, 4, 3, 4, 2))
layer("max_pool3d: {kernel_size: 3, stride: 2, padding: 1}", MaxPool3d(3, 2, 1), (1, 5, 4, 3, 2))
layer("max_pool3d: {kernel_size: [1, 2, 3], stride: [2, 1, 1]}", MaxPool3d((1, 2, 3), (2, 1, 1)), (1, 4, 3, 4, 1))
