# flatten beside torch.nn.Flatten: in the order channel, height, width.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import Flatten

layer("flatten", Flatten(), (2, 2, 3, 4))
layer("flatten", Flatten(), (2, 6))
layer("flatten", Flatten(), (2, 2, 3, 2, 2))
layer("flatten", Flatten(), (2, 3, 2))
layer("flatten: {channels_first: true}", Flatten(), (2, 3, 2), sequences=True)
