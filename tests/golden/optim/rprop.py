# rprop beside torch.optim.Rprop.
# SPDX-License-Identifier: Apache-2.0
from golden import between, optimizer, yaml_of
from torch.optim import Rprop

for _ in range(20):
    keys = dict(lr=between(0.01, 0.5), etas=(between(0.2, 0.9), between(1.1, 2)),
                step_sizes=(between(1e-3, 0.1), between(0.2, 1)))
    optimizer(yaml_of("rprop", **keys), lambda p: Rprop(p, **keys), steps=8, elements=4)
