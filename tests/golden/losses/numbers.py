# Losses of numbers beside PyTorch's, and Keras' formulas written here.
# SPDX-License-Identifier: Apache-2.0
import torch
import torch
from golden import between, chance, given, loss, loss_of, whole, yaml_of
from torch import nn
from torch.nn import BCEWithLogitsLoss, GaussianNLLLoss, HuberLoss, L1Loss, MSELoss, SmoothL1Loss

loss("mse", MSELoss(), (4, 3), target="numbers")
loss("l1", L1Loss(), (4, 3), target="numbers")
loss("smooth_l1", SmoothL1Loss(), (4, 3), target="numbers")
loss("smooth_l1: {beta: 0.25}", SmoothL1Loss(beta=0.25), (4, 3), target="numbers")
loss("huber: {delta: 1.5}", HuberLoss(delta=1.5), (4, 3), target="numbers")
loss("bce_with_logits", BCEWithLogitsLoss(), (4, 3), target="probabilities")
loss("bce_with_logits: {pos_weight: 3}", BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)), (4, 3), target="probabilities")


def pinball(x, y, quantiles):
    d = y[..., None] - x
    q = torch.tensor(quantiles)
    return torch.maximum(q * d, (q - 1) * d).mean()


for _ in range(20):
    shape = (chance.randint(1, 4), chance.randint(1, 3))
    log_input, full, eps = chance.random() < 0.5, chance.random() < 0.5, between(1e-4, 0.1)
    loss_of(yaml_of("poisson_nll", log_input=log_input, full=full, eps=eps), nn.PoissonNLLLoss(log_input, full, eps=eps),
            given(shape, 0.25, 2), target=whole(6, shape) * 1.0)
    loss_of("log_cosh", lambda x, y: torch.cosh((x - y).double()).log().mean().float(), shape, target=given(shape))
    loss_of("mape", lambda x, y: ((x - y).abs() / y.abs()).mean(), shape, target=given(shape, 0.25, 4))
    loss_of("msle", lambda x, y: (torch.log1p(x.clamp(min=1e-7)) - torch.log1p(y.clamp(min=1e-7))).square().mean(), shape,
            target=given(shape))
    quantiles = [between(0.05, 0.95) for _ in range(chance.randint(2, 4))]
    apart = given(shape) + 1 / 128  # from all predictions: there is no slope where both are equal
    loss_of(yaml_of("quantile", quantiles=quantiles), lambda x, y: pinball(x, y, quantiles), shape + (len(quantiles),),
            target=apart)
    loss_of(yaml_of("quantile", quantiles=quantiles[:1]), lambda x, y: pinball(x[..., None], y, quantiles[:1]), shape,
            target=apart)
    delta = between(0.2, 2)
    for yaml, module in (("mse", MSELoss()), ("l1", L1Loss()), (f"smooth_l1: {delta}", SmoothL1Loss(beta=delta)),
                         (f"huber: {delta}", HuberLoss(delta=delta))):
        loss_of(yaml, module, shape, target=apart)
    loss_of(f"bce_with_logits: {{pos_weight: {delta}}}", BCEWithLogitsLoss(pos_weight=torch.tensor(delta)), shape,
            target=given(shape, 0, 1))
    full = chance.random() < 0.5
    loss_of(yaml_of("gaussian_nll", variance="v", full=full),
            lambda x, v, y: GaussianNLLLoss(full=full)(x, y, v), given(shape), given(shape, 0.25, 2), target=given(shape))
    l1, l2 = chance.choice([(0, 0.5), (0.5, 0), (0.25, 0.125)])
    loss_of(yaml_of("activity", output="h", l1=l1, l2=l2),
            lambda x: (l1 * x.abs().sum() + l2 * x.square().sum()) / len(x), shape)
    loss_of(yaml_of("kl_normal", output="mean", logvar="v"),  # the usual form: -0.5 sum(1 + v - m^2 - exp(v))
            lambda m, v: -0.5 * (1 + v - m.square() - v.exp()).sum() / len(m), shape, shape)
