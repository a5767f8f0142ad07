# Optimizers whose momentum a schedule moves, beside PyTorch's under OneCycleLR.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, optimizer
from torch.optim import SGD, Adam, AdamW, RMSprop
from torch.optim.lr_scheduler import OneCycleLR

for _ in range(5):
    lr, start = between(0.01, 0.3), between(0.2, 0.8)
    nesterov = chance.random() < 0.5
    for yaml, make in ((f"sgd: {{lr: {lr}, momentum: 0.5, nesterov: {str(nesterov).lower()}}}",
                        lambda p: SGD(p, lr, momentum=0.5, nesterov=nesterov)),
                       (f"sgd: {{lr: {lr}}}", lambda p: SGD(p, lr)),
                       (f"adam: {{lr: {lr}}}", lambda p: Adam(p, lr)),
                       (f"adamw: {{lr: {lr}, amsgrad: true}}", lambda p: AdamW(p, lr, amsgrad=True)),
                       (f"rmsprop: {{lr: {lr}, alpha: 0.9}}", lambda p: RMSprop(p, lr, alpha=0.9))):
        optimizer(yaml, make, steps=6, elements=3,
                  schedule=lambda o: OneCycleLR(o, lr, total_steps=6, pct_start=start, div_factor=5))
