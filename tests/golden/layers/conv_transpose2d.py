# conv_transpose2d beside torch.nn.ConvTranspose2d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import ConvTranspose2d


# What TensorFlow makes of padding='same': the whole result cut to the input's sizes times stride.
class Same(ConvTranspose2d):
    def forward(self, x):
        y = super().forward(x)
        for axis, (size, stride, kernel) in enumerate(zip(x.shape[2:], self.stride, self.kernel_size)):
            y = y.narrow(axis + 2, max(kernel - stride, 0) // 2, size * stride)
        return y


layer("conv_transpose2d: {out_channels: 3, kernel_size: 3}", ConvTranspose2d(2, 3, 3), (2, 3, 2, 2))
layer("conv_transpose2d: {out_channels: 2, kernel_size: 4, stride: 2, padding: 1, bias: false}",
      ConvTranspose2d(3, 2, 4, stride=2, padding=1, bias=False), (1, 3, 4, 3))
layer("conv_transpose2d: {out_channels: 2, kernel_size: [3, 2], stride: [2, 3], padding: [1, 0], output_padding: [1, 2]}",
      ConvTranspose2d(1, 2, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2)), (1, 3, 2, 1))
layer("conv_transpose2d: {out_channels: 4, kernel_size: 3, groups: 2, dilation: 2, padding: 1}",
      ConvTranspose2d(2, 4, 3, groups=2, dilation=2, padding=1), (1, 3, 3, 2))
layer("conv_transpose2d: {out_channels: 3, kernel_size: 3, stride: 2, groups: 3}",
      ConvTranspose2d(3, 3, 3, stride=2, groups=3), (1, 2, 3, 3))
layer("conv_transpose2d: {out_channels: 2, kernel_size: 1, stride: 2}", ConvTranspose2d(2, 2, 1, stride=2), (1, 2, 3, 2))
layer("conv_transpose2d: {out_channels: 2, kernel_size: [5, 3], stride: [2, 2], padding: same}",
      Same(2, 2, (5, 3), stride=2), (1, 3, 2, 2))
