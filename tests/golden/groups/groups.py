# Parameter groups beside those of torch.optim.
# SPDX-License-Identifier: Apache-2.0
from golden import parameter_groups
from torch.nn import BatchNorm1d, Linear, Sequential
from torch.optim import SGD, AdamW

model_yaml = "[{linear: 5}, batch_norm, {linear: 3}]"


def model():
    return Sequential(Linear(4, 5), BatchNorm1d(5), Linear(5, 3))


# Decay of matrices only, as GPTs are trained.
parameter_groups(
    "adamw: {lr: 0.01, weight_decay: 0.1, groups: [{max_rank: 1, weight_decay: 0}]}", model_yaml, model(),
    lambda named: AdamW([{"params": [p for p in named.values() if p.dim() > 1]},
                         {"params": [p for p in named.values() if p.dim() < 2], "weight_decay": 0}],
                        0.01, weight_decay=0.1))

# By path and layer, with rates and kinds of state of their own; a parameter is in the first group it fits.
parameter_groups(
    "sgd: {lr: 0.1, weight_decay: 0.01, groups: [{layer: batch_norm, lr: 0.02, momentum: 0.9}, "
    "{match: '2.*', lr_factor: 0.5}, {match: ['*.bias', '?.nothing'], weight_decay: 0}]}", model_yaml, model(),
    lambda named: SGD([{"params": [named["0.weight"]]},
                       {"params": [named["1.weight"], named["1.bias"]], "lr": 0.02, "momentum": 0.9},
                       {"params": [named["2.weight"], named["2.bias"]], "lr": 0.05},
                       {"params": [named["0.bias"]], "weight_decay": 0}],
                      0.1, weight_decay=0.01))

parameter_groups(
    "adamw: {lr: 0.01, groups: [{match: '0.*', lr_factor: 0}]}", model_yaml, model(),
    lambda named: AdamW([{"params": [p for n, p in named.items() if n[0] == "0"], "lr": 0},
                         {"params": [p for n, p in named.items() if n[0] != "0"]}], 0.01))
