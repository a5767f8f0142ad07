# adam beside torch.optim.Adam.
# SPDX-License-Identifier: Apache-2.0
from golden import optimizer
from torch.optim import Adam

optimizer("adam: {lr: 0.01}", lambda p: Adam(p, 0.01))
optimizer("adam: {lr: 0.01, betas: [0.8, 0.95], eps: 1e-3, weight_decay: 0.1}",
          lambda p: Adam(p, 0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1))
