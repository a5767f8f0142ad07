# softmax beside torch.nn.Softmax over the features.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import Softmax

layer("softmax", Softmax(-1), (3, 5))
