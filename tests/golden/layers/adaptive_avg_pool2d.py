# adaptive_avg_pool2d beside torch.nn.AdaptiveAvgPool2d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import AdaptiveAvgPool2d

layer("adaptive_avg_pool2d: [2, 3]", AdaptiveAvgPool2d((2, 3)), (2, 5, 7, 2))
layer("adaptive_avg_pool2d: 2", AdaptiveAvgPool2d(2), (1, 6, 4, 3))
layer("adaptive_avg_pool2d: 4", AdaptiveAvgPool2d(4), (1, 3, 3, 1))
