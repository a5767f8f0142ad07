# conv1d beside torch.nn.Conv1d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import Conv1d
from torch.nn.functional import pad


# TensorFlow's padding: as many zeros as give ceil(size / stride) outputs, the odd one behind.
class Same(Conv1d):
    def forward(self, x):
        pads = []
        for size, stride, dilation, kernel in zip(x.shape[2:], self.stride, self.dilation, self.kernel_size):
            total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
            pads = [total // 2, total - total // 2] + pads
        return super().forward(pad(x, pads))


layer("conv1d: {out_channels: 3, kernel_size: 3}", Conv1d(2, 3, 3), (2, 6, 2), sequences=True)
layer("conv1d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1, groups: 2, bias: false}",
      Conv1d(2, 4, 3, stride=2, padding=1, groups=2, bias=False), (2, 7, 2), sequences=True)
layer("conv1d: {out_channels: 2, kernel_size: 3, dilation: 2, padding: 2}",
      Conv1d(3, 2, 3, dilation=2, padding=2), (1, 6, 3), sequences=True)
layer("conv1d: {out_channels: 2, kernel_size: 4, padding: same}", Conv1d(1, 2, 4, padding="same"), (2, 5, 1),
      sequences=True)
layer("conv1d: {out_channels: 2, kernel_size: 3, stride: 2, padding: same}", Same(2, 2, 3, stride=2), (1, 6, 2),
      sequences=True)
layer("conv1d: {out_channels: 3, kernel_size: 5, padding: 2, groups: 3}", Conv1d(3, 3, 5, padding=2, groups=3), (1, 7, 3),
      sequences=True)
