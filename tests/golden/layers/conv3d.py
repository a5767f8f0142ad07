# conv3d beside torch.nn.Conv3d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import Conv3d
from torch.nn.functional import pad


# TensorFlow's padding: as many zeros as give ceil(size / stride) outputs, the odd one behind.
class Same(Conv3d):
    def forward(self, x):
        pads = []
        for size, stride, dilation, kernel in zip(x.shape[2:], self.stride, self.dilation, self.kernel_size):
            total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
            pads = [total // 2, total - total // 2] + pads
        return super().forward(pad(x, pads))


layer("conv3d: {out_channels: 3, kernel_size: 3, padding: 1}", Conv3d(2, 3, 3, padding=1), (2, 3, 4, 3, 2))
layer("conv3d: {out_channels: 2, kernel_size: [2, 3, 1], stride: [2, 1, 2], padding: [1, 0, 0], bias: false}",
      Conv3d(1, 2, (2, 3, 1), stride=(2, 1, 2), padding=(1, 0, 0), bias=False), (1, 4, 3, 4, 1))
layer("conv3d: {out_channels: 4, kernel_size: 2, groups: 2, dilation: [2, 1, 1]}",
      Conv3d(4, 4, 2, groups=2, dilation=(2, 1, 1)), (1, 4, 3, 3, 4))
layer("conv3d: {out_channels: 3, kernel_size: 3, padding: same, groups: 3}", Conv3d(3, 3, 3, padding="same", groups=3),
      (1, 3, 3, 2, 3))
layer("conv3d: {out_channels: 2, kernel_size: 3, stride: 2, padding: same}", Same(2, 2, 3, stride=2), (1, 4, 3, 5, 2))
layer("conv3d: {out_channels: 2, kernel_size: [1, 3, 3], padding: [0, 1, 1]}",
      Conv3d(2, 2, (1, 3, 3), padding=(0, 1, 1)), (2, 2, 3, 3, 2))
layer("conv3d: {out_channels: 2, kernel_size: [3, 1, 1], padding: [1, 0, 0]}",
      Conv3d(2, 2, (3, 1, 1), padding=(1, 0, 0)), (1, 4, 2, 3, 2))
