# global_avg_pool1d beside torch.nn.AdaptiveAvgPool1d of one place.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import AdaptiveAvgPool1d, Flatten, Sequential

layer("global_avg_pool1d", Sequential(AdaptiveAvgPool1d(1), Flatten()), (2, 6, 2), sequences=True)
