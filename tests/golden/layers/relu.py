# relu beside torch.nn.ReLU.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import ReLU

layer("relu", ReLU(), (2, 6))
