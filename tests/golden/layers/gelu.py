# gelu beside torch.nn.GELU, exact and approximate.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import GELU

layer("gelu", GELU(), (2, 6))
layer("gelu: {approximate: tanh}", GELU("tanh"), (2, 6))
