# sgd beside torch.optim.SGD.
# SPDX-License-Identifier: Apache-2.0
from golden import optimizer
from torch.optim import SGD

optimizer("sgd: {lr: 0.1}", lambda p: SGD(p, 0.1))
optimizer("sgd: {lr: 0.1, momentum: 0.9}", lambda p: SGD(p, 0.1, momentum=0.9))
optimizer("sgd: {lr: 0.1, momentum: 0.9, nesterov: true, weight_decay: 0.01}",
          lambda p: SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01))
