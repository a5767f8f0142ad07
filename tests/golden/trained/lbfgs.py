# lbfgs beside torch.optim.LBFGS, of which one step is as many of ours as it has iterations.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, trained, yaml_of
from torch.optim import LBFGS

# Few steps: each amplifies the rounding errors of those before.
for _ in range(12):
    keys = {"lr": between(0.1, 0.6), "history_size": chance.randint(1, 8)}
    trained(yaml_of("lbfgs", **keys), lambda parameters: LBFGS(parameters, max_iter=1, **keys), steps=6)
for i in range(12):
    keys = {"lr": between(0.2, 2), "history_size": chance.randint(1, 8)}
    trained(yaml_of("lbfgs", line_search="strong_wolfe", **keys),
            # max_eval is what bounds a search: one evaluation, and 25 tries
            lambda parameters: LBFGS(parameters, max_iter=1, max_eval=26, line_search_fn="strong_wolfe", **keys), steps=6)
