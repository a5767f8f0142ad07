# max_pool2d beside torch.nn.MaxPool2d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import MaxPool2d

layer("max_pool2d: 2", MaxPool2d(2), (2, 4, 5, 2))
layer("max_pool2d: {kernel_size: 3, stride: 2, padding: 1}", MaxPool2d(3, 2, 1), (1, 6, 5, 2))
layer("max_pool2d: {kernel_size: [2, 3], stride: 1}", MaxPool2d((2, 3), 1), (1, 4, 4, 1))
