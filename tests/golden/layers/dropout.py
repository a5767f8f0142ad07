# dropout beside torch.nn.Dropout, outside training.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import Dropout

layer("dropout: 0.5", Dropout(0.5), (2, 6), training=False)
