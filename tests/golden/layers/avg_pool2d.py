# avg_pool2d beside torch.nn.AvgPool2d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import AvgPool2d

layer("avg_pool2d: 2", AvgPool2d(2), (2, 4, 5, 2))
layer("avg_pool2d: {kernel_size: 3, stride: 2, padding: 1}", AvgPool2d(3, 2, 1), (1, 6, 5, 2))
layer("avg_pool2d: {kernel_size: [2, 3], stride: 1}", AvgPool2d((2, 3), 1), (1, 4, 4, 1))
layer("avg_pool2d: {kernel_size: [3, 2], stride: 2, padding: 1, count_include_pad: false}",
      AvgPool2d((3, 2), 2, 1, count_include_pad=False), (1, 5, 4, 2))
