# adamw beside torch.optim.AdamW.
# SPDX-License-Identifier: Apache-2.0
from golden import optimizer
from torch.optim import AdamW

optimizer("adamw: {lr: 0.01}", lambda p: AdamW(p, 0.01))
optimizer("adamw: {lr: 0.01, betas: [0.8, 0.95], weight_decay: 0.1}",
          lambda p: AdamW(p, 0.01, betas=(0.8, 0.95), weight_decay=0.1))
