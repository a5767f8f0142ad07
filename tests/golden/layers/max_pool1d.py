# max_pool1d beside torch.nn.MaxPool1d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import MaxPool1d

layer("max_pool1d: 2", MaxPool1d(2), (2, 6, 2), sequences=True)
layer("max_pool1d: {kernel_size: 3, stride: 2, padding: 1}", MaxPool1d(3, 2, 1), (1, 7, 2), sequences=True)
