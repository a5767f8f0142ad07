# conv_transpose1d beside torch.nn.ConvTranspose1d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import ConvTranspose1d


# What TensorFlow makes of padding='same': the whole result cut to the input's sizes times stride.
class Same(ConvTranspose1d):
    def forward(self, x):
        y = super().forward(x)
        for axis, (size, stride, kernel) in enumerate(zip(x.shape[2:], self.stride, self.kernel_size)):
            y = y.narrow(axis + 2, max(kernel - stride, 0) // 2, size * stride)
        return y


layer("conv_transpose1d: {out_channels: 3, kernel_size: 3}", ConvTranspose1d(2, 3, 3), (2, 4, 2), sequences=True)
layer("conv_transpose1d: {out_channels: 2, kernel_size: 4, stride: 2, padding: 1, bias: false}",
      ConvTranspose1d(3, 2, 4, stride=2, padding=1, bias=False), (1, 5, 3), sequences=True)
layer("conv_transpose1d: {out_channels: 4, kernel_size: 3, stride: 3, dilation: 2, groups: 2, output_padding: 2}",
      ConvTranspose1d(2, 4, 3, stride=3, dilation=2, groups=2, output_padding=2), (1, 3, 2), sequences=True)
layer("conv_transpose1d: {out_channels: 2, kernel_size: 5, stride: 2, padding: same}", Same(2, 2, 5, stride=2), (1, 3, 2),
      sequences=True)
