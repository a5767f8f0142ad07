# adagrad beside torch.optim.Adagrad.
# SPDX-License-Identifier: Apache-2.0
from golden import optimizer
from torch.optim import Adagrad

optimizer("adagrad: {lr: 0.1}", lambda p: Adagrad(p, 0.1))
optimizer("adagrad: {lr: 0.1, lr_decay: 0.1, weight_decay: 0.1, eps: 1e-3}",
          lambda p: Adagrad(p, 0.1, lr_decay=0.1, weight_decay=0.1, eps=1e-3))
