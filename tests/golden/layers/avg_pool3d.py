# avg_pool3d beside torch.nn.AvgPool3d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import AvgPool3d

layer("avg_pool3d: 2", AvgPool3d(2), (2, 4, 3, 4, 2))
layer("avg_pool3d: {kernel_size: 3, stride: 2, padding: 1}", AvgPool3d(3, 2, 1), (1, 5, 4, 3, 2))
layer("avg_pool3d: {kernel_size: 3, stride: 2, padding: 1, count_include_pad: false}",
      AvgPool3d(3, 2, 1, count_include_pad=False), (1, 5, 4, 3, 2))
layer("avg_pool3d: {kernel_size: [1, 2, 3], stride: [2, 1, 1]}", AvgPool3d((1, 2, 3), (2, 1, 1)), (1, 4, 3, 4, 1))
