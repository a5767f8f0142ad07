# Kin of Adam whose first beta a schedule moves, beside PyTorch's under OneCycleLR.
# SPDX-License-Identifier: Apache-2.0
from golden import between, optimizer
from torch.optim import Adamax, RAdam
from torch.optim.lr_scheduler import OneCycleLR

for _ in range(4):
    lr, start, decay = between(0.01, 0.3), between(0.2, 0.8), between(0, 0.1)
    for yaml, make in ((f"adamax: {{lr: {lr}, weight_decay: {decay}}}", lambda p: Adamax(p, lr, weight_decay=decay)),
                       (f"radam: {{lr: {lr}, weight_decay: {decay}}}", lambda p: RAdam(p, lr, weight_decay=decay))):
        optimizer(yaml, make, steps=8, elements=3,
                  schedule=lambda o: OneCycleLR(o, lr, total_steps=8, pct_start=start, div_factor=5))
