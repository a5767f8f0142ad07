# conv_transpose3d beside torch.nn.ConvTranspose3d.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch.nn import ConvTranspose3d

layer("conv_transpose3d: {out_channels: 3, kernel_size: 2}", ConvTranspose3d(2, 3, 2), (2, 2, 3, 2, 2))
layer("conv_transpose3d: {out_channels: 2, kernel_size: [3, 4, 2], stride: [1, 2, 2], padding: [1, 1, 0], bias: false}",
      ConvTranspose3d(2, 2, (3, 4, 2), stride=(1, 2, 2), padding=(1, 1, 0), bias=False), (1, 3, 2, 2, 2))
layer("conv_transpose3d: {out_channels: 4, kernel_size: 3, stride: 2, groups: 2, padding: 1, output_padding: 1}",
      ConvTranspose3d(2, 4, 3, stride=2, groups=2, padding=1, output_padding=1), (1, 2, 2, 2, 2))
