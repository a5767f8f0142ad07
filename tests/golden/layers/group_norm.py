# group_norm beside torch.nn.GroupNorm.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import GroupNorm, Module


class WithoutBias(Module):
    def __init__(self, *args):
        super().__init__()
        norm = GroupNorm(*args)
        self.weight, self.groups = norm.weight, norm.num_groups

    def forward(self, x):
        from torch.nn.functional import group_norm
        return group_norm(x, self.groups, self.weight)


layer("group_norm: 2", GroupNorm(2, 6), (2, 2, 3, 6))
layer("group_norm: {num_groups: 3, eps: 0.01}", GroupNorm(3, 6, eps=0.01), (4, 6))
layer("group_norm: {num_groups: 1, bias: false}", WithoutBias(1, 4), (2, 3, 3, 4))
