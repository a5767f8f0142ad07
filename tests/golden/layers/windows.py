# roll, unfold and fold beside PyTorch's, and attention within windows beside torchvision's.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, layer, some_shape
from torch import nn
from torchvision.models.swin_transformer import ShiftedWindowAttention


class Roll(nn.Module):
    def __init__(self, shifts, axes):
        super().__init__()
        self.given = shifts, axes

    def forward(self, x):
        return x.roll(*self.given)


class Windows(ShiftedWindowAttention):
    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        index = self.relative_position_index
        del self.relative_position_index
        self.relative_position_index = index  # no buffer: it is computed

    def forward(self, x):  # golden.py gives channels first
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


for _ in range(20):
    shape = some_shape(2, 3)  # images are turned for PyTorch, so that its axes were others
    axes = sorted(chance.sample(range(1, len(shape)), chance.randint(1, len(shape) - 1)))
    shifts = [chance.randint(-7, 7) for _ in axes]
    layer(f"roll: {{shifts: {shifts}, axes: {axes}}}", Roll(shifts, axes), shape)

for i in range(24):
    heads, dim = chance.randint(1, 2), chance.randint(1, 2)
    window = [chance.randint(1, 3), chance.randint(1, 3)]
    shift = [chance.randint(0, size - 1) for size in window] if i % 3 else [0, 0]
    bias = chance.random() < 0.7
    layer(f"window_attention: {{num_heads: {heads}, window_size: {window}, shift: {shift}, bias: {str(bias).lower()}}}",
          Windows(heads * dim, window, shift, heads, qkv_bias=bias), (chance.randint(1, 2), chance.randint(1, 5), chance.randint(1, 4), heads * dim))


class Turned(nn.Module):
    """unfold or fold of windows in a sequence [windows, features]."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x).mT if isinstance(self.module, nn.Unfold) else self.module(x.mT)


for _ in range(20):
    kernel, stride, dilation = ([chance.randint(1, 3), chance.randint(1, 3)] for _ in range(3))
    padding = [chance.randint(0, 2), chance.randint(0, 2)]
    size = [d * (k - 1) + 1 + chance.randint(0, 3) for k, d in zip(kernel, dilation)]
    keys = f"kernel_size: {kernel}, stride: {stride}, padding: {padding}, dilation: {dilation}}}"
    more = dict(dilation=dilation, padding=padding, stride=stride)
    batch, channels = chance.randint(1, 2), chance.randint(1, 2)
    unfold = nn.Unfold(kernel, **more)
    layer(f"unfold: {{{keys}", Turned(unfold), (batch, *size, channels))
    windows = unfold(torch.zeros(1, channels, *size)).shape[2]
    layer(f"fold: {{output_size: {size}, {keys}", Turned(nn.Fold(size, kernel, **more)), (batch, windows, channels * kernel[0] * kernel[1]))
