# ema beside torch.optim.swa_utils.AveragedModel around torch.optim.SGD; its warmup by the formula in the averaging function.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, parameter_groups, yaml_of
from torch.nn import Linear, Sequential
from torch.optim import SGD
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn


def with_warmup(decay):
    def averaged(average, parameter, before):  # `before`: updates that it is of; the first is taken as it is
        t = int(before) + 1
        kept = min(decay, (1 + t) / (10 + t))
        return kept * average + (1 - kept) * parameter
    return averaged


class Averaged(SGD):
    def __init__(self, model, lr, average):
        super().__init__(model.parameters(), lr, momentum=0.9)
        self.model, self.average = model, AveragedModel(model, avg_fn=average)

    def step(self):
        super().step()
        self.average.update_parameters(self.model)

    def averages(self, named):
        return dict(self.average.module.named_parameters())


for i in range(24):
    lr, decay, warmup = between(0.01, 0.3), chance.choice([0, 0.2, 0.3, 0.9, 0.999]), i % 2 == 0
    model = Sequential(Linear(3, 1))
    average = with_warmup(decay) if warmup else get_ema_avg_fn(decay)
    parameter_groups(f"[sgd: {{lr: {lr}, momentum: 0.9}}, {yaml_of('ema', decay=decay, warmup=warmup)}]", "[{linear: 1}]", model,
                     lambda named: Averaged(model, lr, average), steps=6, average="ema")
