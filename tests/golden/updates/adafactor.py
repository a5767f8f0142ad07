# adafactor beside torch.optim.Adafactor.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, parameter_groups, yaml_of
from torch.nn import Linear, Sequential
from torch.optim import Adafactor

model_yaml = "[{linear: 5}, {linear: 3}]"


def model():
    return Sequential(Linear(4, 5), Linear(5, 3))


parameter_groups("adafactor: {lr: 0.05}", model_yaml, model(), lambda named: Adafactor(named.values(), 0.05), steps=5)
parameter_groups("adafactor: {lr: 2, beta2_decay: -0.5, eps: [1e-6, 0.01], d: 1.5, weight_decay: 0.01}", model_yaml,
                 model(), lambda named: Adafactor(named.values(), 2, beta2_decay=-0.5, eps=(1e-6, 0.01), d=1.5,
                                                  weight_decay=0.01))

def small():
    """A network with matrices and vectors of few numbers, as YAML and as PyTorch has it."""
    inputs, inner, outputs = (chance.randint(1, 4) for _ in range(3))
    return f"[{{linear: {inner}}}, {{linear: {outputs}}}]", Sequential(Linear(inputs, inner), Linear(inner, outputs))


for _ in range(20):
    keys = dict(lr=between(0.01, 2), beta2_decay=-between(0.3, 1), d=between(1, 3), weight_decay=chance.choice([0, between(0.01, 0.3)]))
    eps = (chance.choice([1e-7, 1e-4]), between(1e-3, 0.1))
    yaml, model = small()
    parameter_groups(yaml_of("adafactor", eps=[f"{eps[0]:.7f}", eps[1]], **keys), yaml, model,
                     lambda named: Adafactor(named.values(), eps=eps, **keys))
