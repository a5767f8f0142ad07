# conv2d beside torch.nn.Conv2d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import Conv2d
from torch.nn.functional import pad


# TensorFlow's padding: as many zeros as give ceil(size / stride) outputs, the odd one behind.
class Same(Conv2d):
    def forward(self, x):
        pads = []
        for size, stride, dilation, kernel in zip(x.shape[2:], self.stride, self.dilation, self.kernel_size):
            total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
            pads = [total // 2, total - total // 2] + pads
        return super().forward(pad(x, pads))


layer("conv2d: {out_channels: 3, kernel_size: 3}", Conv2d(2, 3, 3), (2, 4, 5, 2))
layer("conv2d: {out_channels: 3, kernel_size: 3, stride: 2, padding: 1, bias: false}",
      Conv2d(2, 3, 3, stride=2, padding=1, bias=False), (2, 5, 4, 2))
layer("conv2d: {out_channels: 2, kernel_size: [2, 3], stride: [1, 2], padding: [1, 0]}",
      Conv2d(1, 2, (2, 3), stride=(1, 2), padding=(1, 0)), (1, 4, 6, 1))
layer("conv2d: {out_channels: 2, kernel_size: 3, dilation: 2, padding: 2}",
      Conv2d(2, 2, 3, dilation=2, padding=2), (1, 5, 4, 2))
layer("conv2d: {out_channels: 4, kernel_size: 3, padding: 1, groups: 2}",
      Conv2d(2, 4, 3, padding=1, groups=2), (1, 4, 4, 2))
layer("conv2d: {out_channels: 3, kernel_size: 3, padding: 1, groups: 3}",
      Conv2d(3, 3, 3, padding=1, groups=3), (1, 4, 4, 3))
layer("conv2d: {out_channels: 2, kernel_size: 4, padding: same}", Conv2d(1, 2, 4, padding="same"), (1, 5, 6, 1))
layer("conv2d: {out_channels: 3, kernel_size: 1, stride: 2, bias: false}",
      Conv2d(2, 3, 1, stride=2, bias=False), (2, 5, 4, 2))
layer("conv2d: {out_channels: 2, kernel_size: 3, stride: 2, padding: same}", Same(2, 2, 3, stride=2), (1, 6, 5, 2))
layer("conv2d: {out_channels: 2, kernel_size: [2, 5], stride: [3, 2], dilation: [2, 1], padding: same}",
      Same(1, 2, (2, 5), stride=(3, 2), dilation=(2, 1)), (1, 7, 8, 1))
