# avg_pool1d beside torch.nn.AvgPool1d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import AvgPool1d

layer("avg_pool1d: 2", AvgPool1d(2), (2, 6, 2), sequences=True)
layer("avg_pool1d: {kernel_size: 3, stride: 2, padding: 1}", AvgPool1d(3, 2, 1), (1, 7, 2), sequences=True)
layer("avg_pool1d: {kernel_size: 3, stride: 2, padding: 1, count_include_pad: false}",
      AvgPool1d(3, 2, 1, count_include_pad=False), (1, 7, 2), sequences=True)
