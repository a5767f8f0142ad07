# global_avg_pool3d beside torch.nn.AdaptiveAvgPool3d of one place.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import AdaptiveAvgPool3d, Flatten, Sequential

layer("global_avg_pool3d", Sequential(AdaptiveAvgPool3d(1), Flatten()), (2, 4, 3, 4, 2))
