# unflatten beside torch.nn.Unflatten, whose sizes begin with the channels.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import Unflatten

layer("unflatten: [2, 3, 4]", Unflatten(1, (4, 2, 3)), (2, 24))
layer("unflatten: [2, 2, -1, 2]", Unflatten(1, (2, 2, 2, 3)), (1, 24))
layer("unflatten: [-1, 1]", Unflatten(1, (1, 5)), (2, 5), sequences=True)
layer("unflatten: [3, 2]", Unflatten(1, (3, 2)), (2, 6))
