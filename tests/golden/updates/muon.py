# muon beside torch.optim.Muon for the matrices, with the steps of Newton and Schulz in f32 where PyTorch takes bf16, and
# torch.optim.AdamW for the rest.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, parameter_groups, yaml_of
from torch.nn import Linear, Sequential
from torch.optim import AdamW, Muon

torch.bfloat16 = torch.float32  # what torch.optim.Muon orthogonalizes in
model_yaml = "[{linear: 5}, {linear: 3}]"


def model():
    return Sequential(Linear(4, 5), Linear(5, 3))


class Both:
    def __init__(self, *optimizers):
        self.optimizers = optimizers

    def step(self):
        for optimizer in self.optimizers:
            optimizer.step()


def matrices(named):
    return [p for p in named.values() if p.dim() > 1]


def rest(named):
    return [p for p in named.values() if p.dim() < 2]


parameter_groups("muon: {lr: 0.02, weight_decay: 0.01}", model_yaml, model(),
                 lambda named: Both(Muon(matrices(named), 0.02, weight_decay=0.01),
                                    AdamW(rest(named), 3e-4, (0.9, 0.95), weight_decay=0.01)))
parameter_groups("muon: {lr: 0.01, momentum: 0.8, nesterov: false, weight_decay: 0, adjust_lr: match_rms_adamw, "
                 "adamw_lr: 0.02, adamw_betas: [0.8, 0.9], groups: [{match: '1.*', orthogonal: false}]}",
                 model_yaml, model(),
                 lambda named: Both(Muon([named["0.weight"]], 0.01, weight_decay=0, momentum=0.8, nesterov=False,
                                         adjust_lr_fn="match_rms_adamw"),
                                    AdamW([named[n] for n in ("0.bias", "1.weight", "1.bias")], 0.02, (0.8, 0.9),
                                          weight_decay=0)))

def small():
    """A network with matrices and vectors of few numbers, as YAML and as PyTorch has it."""
    inputs, inner, outputs = (chance.randint(1, 4) for _ in range(3))
    return f"[{{linear: {inner}}}, {{linear: {outputs}}}]", Sequential(Linear(inputs, inner), Linear(inner, outputs))


for _ in range(20):
    keys = dict(lr=between(0.005, 0.2), momentum=between(0, 0.95), nesterov=chance.random() < 0.5,
                weight_decay=chance.choice([0, between(0.01, 0.3)]))
    adjust = chance.choice(["original", "match_rms_adamw"])
    rate, betas = between(0.001, 0.1), [between(0, 0.95), between(0.5, 0.99)]
    yaml, model = small()
    parameter_groups(yaml_of("muon", adjust_lr=adjust, adamw_lr=rate, adamw_betas=betas, **keys), yaml, model,
                     lambda named: Both(Muon(matrices(named), adjust_lr_fn=adjust, **keys),
                                        AdamW(rest(named), rate, betas, weight_decay=keys["weight_decay"])))
torch.bfloat16 = torch.zeros(0).bfloat16().dtype
