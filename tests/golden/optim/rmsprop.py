# rmsprop beside torch.optim.RMSprop.
# SPDX-License-Identifier: Apache-2.0
from golden import optimizer
from torch.optim import RMSprop

optimizer("rmsprop: {lr: 0.01}", lambda p: RMSprop(p, 0.01))
optimizer("rmsprop: {lr: 0.01, alpha: 0.9, eps: 1e-3, weight_decay: 0.1, momentum: 0.9}",
          lambda p: RMSprop(p, 0.01, alpha=0.9, eps=1e-3, weight_decay=0.1, momentum=0.9))
optimizer("rmsprop: {lr: 0.01, momentum: 0.5, centered: true}",
          lambda p: RMSprop(p, 0.01, momentum=0.5, centered=True))
