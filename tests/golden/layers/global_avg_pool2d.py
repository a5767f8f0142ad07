# global_avg_pool2d beside torch.nn.AdaptiveAvgPool2d(1), flattened.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import AdaptiveAvgPool2d, Flatten, Sequential

layer("global_avg_pool2d", Sequential(AdaptiveAvgPool2d(1), Flatten()), (2, 3, 4, 5))
