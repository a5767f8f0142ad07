# Initial parameters of layers beside PyTorch's: its defaults, and the named initializers.
# SPDX-License-Identifier: Apache-2.0
from golden import initial
from torch.nn import LSTM, Conv2d, Linear, init


def with_weight(module, fill):
    fill(module.weight)
    return module


initial("linear: 200", Linear(300, 200), (1, 300))
initial("conv2d: {out_channels: 64, kernel_size: 3}", Conv2d(32, 64, 3), (1, 4, 4, 32))
initial("conv2d: {out_channels: 64, kernel_size: 3, groups: 4}", Conv2d(32, 64, 3, groups=4), (1, 4, 4, 32))
initial("linear: {out_features: 200, init: xavier_uniform}",
        with_weight(Linear(300, 200), init.xavier_uniform_), (1, 300))
initial("linear: {out_features: 200, init: xavier_normal}",
        with_weight(Linear(300, 200), init.xavier_normal_), (1, 300))
initial("conv2d: {out_channels: 64, kernel_size: 3, init: kaiming_uniform}",
        with_weight(Conv2d(32, 64, 3), lambda w: init.kaiming_uniform_(w, nonlinearity="relu")), (1, 4, 4, 32))
initial("conv2d: {out_channels: 64, kernel_size: 3, init: kaiming_normal}",
        with_weight(Conv2d(32, 64, 3), lambda w: init.kaiming_normal_(w, nonlinearity="relu")), (1, 4, 4, 32))
initial("conv2d: {out_channels: 64, kernel_size: 3, init: xavier_uniform}",
        with_weight(Conv2d(32, 64, 3), init.xavier_uniform_), (1, 4, 4, 32))
initial("conv2d: {out_channels: 64, kernel_size: 3, init: {kaiming_normal: {mode: fan_out, a: 0.2}}}",
        with_weight(Conv2d(32, 64, 3), lambda w: init.kaiming_normal_(w, 0.2, "fan_out")), (1, 4, 4, 32))
initial("linear: {out_features: 200, init: orthogonal}", with_weight(Linear(300, 200), init.orthogonal_), (1, 300))
initial("linear: {out_features: 200, init: {orthogonal: {gain: 1.4}}}",
        with_weight(Linear(100, 200), lambda w: init.orthogonal_(w, 1.4)), (1, 100))
initial("linear: {out_features: 200, init: {truncated_normal: {std: 1, a: -2, b: 2}}}",
        with_weight(Linear(300, 200), init.trunc_normal_), (1, 300))
initial("linear: {out_features: 200, init: {sparse: 0.9}}", with_weight(Linear(300, 200), lambda w: init.sparse_(w, 0.9)), (1, 300))
initial("lstm: 80", LSTM(100, 80, batch_first=True), (1, 2, 100))
