# adafactor beside torch.optim.Adafactor.
# SPDX-License-Identifier: Apache-2.0
from golden import parameter_groups
from torch.nn import Linear, Sequential
from torch.optim import Adafactor

model_yaml = "[{linear: 5}, {linear: 3}]"


def model():
    return Sequential(Linear(4, 5), Linear(5, 3))


parameter_groups("adafactor: {lr: 0.05}", model_yaml, model(), lambda named: Adafactor(named.values(), 0.05), steps=5)
parameter_groups("adafactor: {lr: 2, beta2_decay: -0.5, eps: [1e-6, 0.01], d: 1.5, weight_decay: 0.01}", model_yaml,
                 model(), lambda named: Adafactor(named.values(), 2, beta2_decay=-0.5, eps=(1e-6, 0.01), d=1.5,
                                                  weight_decay=0.01))
