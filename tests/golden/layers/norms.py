# Normalizations, and what is random while training beside PyTorch's outside of it.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, layer, some_shape
from torch import nn


class Function(nn.Module):
    def __init__(self, of):
        super().__init__()
        self.of = of

    def forward(self, x):
        return self.of(x)


class ClassToken(nn.Module):
    def __init__(self, count, features):
        super().__init__()
        self.class_token = nn.Parameter(torch.zeros(1, count, features))

    def forward(self, x):
        return torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], 1)


class LayerScale(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(features))

    def forward(self, x):
        return x * (self.gamma[:, None, None] if x.dim() == 4 else self.gamma)


def spatial(rank, **more):
    while torch.Size((shape := some_shape(rank, **more))[1:-1]).numel() < 3:
        pass
    return shape


for _ in range(20):
    rank = chance.choice((3, 4, 5))
    shape = spatial(rank, most=16)
    norm = {3: nn.InstanceNorm1d, 4: nn.InstanceNorm2d, 5: nn.InstanceNorm3d}[rank]
    affine, track, training = (chance.random() < 0.5 for _ in range(3))
    eps, momentum = chance.choice((1e-5, 1e-2)), chance.choice((0.1, 0.3))
    layer(f"instance_norm: {{affine: {str(affine).lower()}, track_running_stats: {str(track).lower()}, eps: {eps}, "
          f"momentum: {momentum}}}",
          norm(shape[-1], eps=eps, momentum=momentum, affine=affine, track_running_stats=track), shape,
          training=training or not track, sequences=True)
    size, alpha, beta, k = chance.randint(1, 4), chance.choice((1e-4, 0.5)), chance.choice((0.75, 0.5)), chance.choice((1.0, 2.0))
    layer(f"local_response_norm: {{size: {size}, alpha: {alpha}, beta: {beta}, k: {k}}}",
          nn.LocalResponseNorm(size, alpha, beta, k), some_shape(3, 4, most=16), sequences=True)
    rank = chance.choice((2, 3, 4))
    shape = some_shape(rank)
    layer("layer_scale", LayerScale(shape[-1]), shape)
    count = chance.randint(1, 3)
    shape = some_shape(3)
    layer(f"class_token: {count}", ClassToken(count, shape[-1]), shape)

for name in ("dropout: 0.5", "alpha_dropout: 0.5", "feature_alpha_dropout: 0.5", "gaussian_noise: 1", "gaussian_dropout: 0.5",
             "drop_path: 0.5"):
    layer(name, nn.Identity(), (2, 3, 2), training=False)
layer("dropout1d: 0.5", nn.Dropout1d(), (2, 3, 2), training=False)
layer("dropout2d: 0.5", nn.Dropout2d(), (2, 2, 2, 2), training=False)
layer("dropout3d: 0.5", nn.Dropout3d(), (2, 2, 2, 1, 2), training=False)
layer("drop_block: {p: 0.5, block_size: 2}", nn.Identity(), (2, 3, 3, 2), training=False)
