# Losses of numbers beside PyTorch's.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import loss
from torch.nn import BCEWithLogitsLoss, HuberLoss, L1Loss, MSELoss, SmoothL1Loss

loss("mse", MSELoss(), (4, 3), target="numbers")
loss("l1", L1Loss(), (4, 3), target="numbers")
loss("smooth_l1", SmoothL1Loss(), (4, 3), target="numbers")
loss("smooth_l1: {beta: 0.25}", SmoothL1Loss(beta=0.25), (4, 3), target="numbers")
loss("huber: {delta: 1.5}", HuberLoss(delta=1.5), (4, 3), target="numbers")
loss("bce_with_logits", BCEWithLogitsLoss(), (4, 3), target="probabilities")
loss("bce_with_logits: {pos_weight: 3}", BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)), (4, 3), target="probabilities")
