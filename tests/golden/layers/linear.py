# linear beside torch.nn.Linear.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import Linear

layer("linear: 3", Linear(5, 3), (4, 5))
layer("linear: {out_features: 4, bias: false}", Linear(3, 4, bias=False), (2, 3))
layer("linear: 2", Linear(3, 2), (2, 4, 3))
