# What initializers fill a tensor with beside PyTorch's init and Keras' formulas written here: the numbers, where there is no
# chance, else how they spread.
# SPDX-License-Identifier: Apache-2.0
import math

import torch
from golden import between, chance, filled, yaml_of
from torch.nn import init


def variance_scaling(w, scale, mode, distribution):
    """Keras' VarianceScaling, by PyTorch's fans."""
    fan_in, fan_out = init._calculate_fan_in_and_fan_out(w)
    variance = scale / {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    if distribution == "uniform":
        return init.uniform_(w, -math.sqrt(3 * variance), math.sqrt(3 * variance))
    std = math.sqrt(variance)
    if distribution == "untruncated_normal":
        return init.normal_(w, 0, std)
    std /= 0.87962566103423978  # of a normal number within two deviations
    return init.trunc_normal_(w, 0, std, -2 * std, 2 * std)


for _ in range(20):
    small = tuple(chance.randint(1, 4) for _ in range(chance.randint(1, 4)))
    value = between(-2, 2)
    filled(f"constant: {value}", lambda w: init.constant_(w, value), small, same=True)
    filled("zeros", init.zeros_, small, same=True)
    filled("ones", init.ones_, small, same=True)
    gain = between(0.1, 3)
    filled(f"identity: {gain}", lambda w: init.eye_(w).mul_(gain), (chance.randint(1, 5), chance.randint(1, 5)), same=True)
    groups = chance.randint(1, 3)
    filled(yaml_of("dirac", groups=groups), lambda w: init.dirac_(w, groups),
           (groups * chance.randint(1, 2), chance.randint(1, 3), *[chance.randint(1, 4) for _ in range(chance.randint(1, 3))]),
           same=True)

    large = chance.choice([(chance.randint(40, 90), chance.randint(40, 90)), (chance.randint(16, 40), chance.randint(16, 40), 3, 2),
                           (chance.randint(16, 40), chance.randint(16, 40), 5)])
    mean, spread = between(-1, 1), between(0.05, 2)
    filled(yaml_of("uniform", bound=spread, mean=mean), lambda w: init.uniform_(w, mean - spread, mean + spread), large)
    filled(yaml_of("normal", std=spread, mean=mean), lambda w: init.normal_(w, mean, spread), large)
    low, high = round(mean - spread * between(0.5, 2), 4), round(mean + spread * between(0.5, 2), 4)
    filled(yaml_of("truncated_normal", std=spread, mean=mean, a=low, b=high),
           lambda w: init.trunc_normal_(w, mean, spread, low, high), large)
    slope, mode = between(0, 2), chance.choice(["fan_in", "fan_out"])
    filled(yaml_of("kaiming_uniform", a=slope, mode=mode), lambda w: init.kaiming_uniform_(w, slope, mode), large)
    filled(yaml_of("kaiming_normal", a=slope, mode=mode), lambda w: init.kaiming_normal_(w, slope, mode), large)
    filled(yaml_of("xavier_uniform", gain=gain), lambda w: init.xavier_uniform_(w, gain), large)
    filled(yaml_of("xavier_normal", gain=gain), lambda w: init.xavier_normal_(w, gain), large)
    filled("lecun_uniform", lambda w: variance_scaling(w, 1, "fan_in", "uniform"), large)
    filled("lecun_normal", lambda w: variance_scaling(w, 1, "fan_in", "untruncated_normal"), large)
    mode, kind = chance.choice(["fan_in", "fan_out", "fan_avg"]), chance.choice(["uniform", "truncated_normal", "untruncated_normal"])
    filled(yaml_of("variance_scaling", scale=gain, mode=mode, distribution=kind), lambda w: variance_scaling(w, gain, mode, kind), large)
    filled(yaml_of("orthogonal", gain=gain), lambda w: init.orthogonal_(w, gain), large)
    share = between(0, 0.95)
    filled(yaml_of("sparse", sparsity=share, std=spread), lambda w: init.sparse_(w, share, spread), large[:2])
