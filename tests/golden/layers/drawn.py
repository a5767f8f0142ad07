# Normalizations, embeddings, recurrent layers and those that flatten, of random sizes and keys, beside torch.nn's.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, layer, some_shape, whole
from torch import nn


class Function(nn.Module):
    def __init__(self, of, **parameters):
        super().__init__()
        self.of = of
        for name, p in parameters.items():
            self.register_parameter(name, nn.Parameter(p))

    def forward(self, x):
        return self.of(self, x)


def word(v):
    return str(v).lower()


class Recurrent(nn.Module):
    def __init__(self, kind, last, *given, **more):
        super().__init__()
        self.net, self.last = [kind(*given, batch_first=True, **more)], last
        for name, p in self.net[0].named_parameters():
            self.register_parameter(name, p)

    def forward(self, x):
        y, state = self.net[0](x)
        h = state[0] if isinstance(state, tuple) else state
        both = self.net[0].bidirectional
        return torch.cat(tuple(h[-2:] if both else h[-1:]), -1) if self.last else y


def waves(base):
    def add(_, x):
        position, feature = torch.arange(x.shape[1], dtype=torch.float64)[:, None], torch.arange(x.shape[2])
        angle = position * base ** (-(feature // 2 * 2) / x.shape[2]).double()
        return x + torch.where(feature % 2 == 0, angle.sin(), angle.cos()).float()
    return Function(add)


for _ in range(20):
    while torch.Size((shape := some_shape(2, 3, 4, 5, most=16))[:-1]).numel() < 3:
        pass
    norm = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}[len(shape)]
    eps, momentum, training, bias = chance.choice((1e-5, 1e-2)), chance.choice((0.1, 0.3)), chance.random() < 0.6, chance.random() < 0.7
    layer(f"batch_norm: {{eps: {eps}, momentum: {momentum}}}", norm(shape[-1], eps, momentum), shape, training=training, sequences=True)
    groups, each = chance.randint(1, 2), chance.randint(3, 4)
    shape = some_shape(3, 4, last=groups * each, most=4)
    layer(f"group_norm: {{num_groups: {groups}, eps: {eps}}}", nn.GroupNorm(groups, groups * each, eps), shape, sequences=True)
    shape = some_shape(2, 3, 4, last=chance.randint(3, 5), most=4)
    layer(f"layer_norm: {{eps: {eps}, bias: {word(bias)}}}",
          Function(lambda m, x: nn.functional.layer_norm(x.movedim(1, -1), x.shape[1:2], m.weight, getattr(m, "bias", None), eps).movedim(-1, 1)
                   if x.dim() == 4 else nn.functional.layer_norm(x, x.shape[-1:], m.weight, getattr(m, "bias", None), eps),
                   weight=torch.empty(shape[-1]), **(dict(bias=torch.empty(shape[-1])) if bias else {})), shape)
    layer(f"rms_norm: {{eps: {eps}}}",
          Function(lambda m, x: nn.functional.rms_norm(x.movedim(1, -1), x.shape[1:2], m.weight, eps).movedim(-1, 1)
                   if x.dim() == 4 else nn.functional.rms_norm(x, x.shape[-1:], m.weight, eps), weight=torch.empty(shape[-1])), shape)

    rows, dim = chance.randint(1, 5), chance.randint(1, 4)
    padding = chance.choice((None, chance.randrange(rows)))
    layer(f"embedding: {{num_embeddings: {rows}, embedding_dim: {dim}" + ("}" if padding is None else f", padding_idx: {padding}}}"),
          nn.Embedding(rows, dim, padding_idx=padding), whole(rows, some_shape(1, 2)))
    shape = some_shape(3)
    most = shape[1] + chance.randint(0, 2)
    layer(f"positional_embedding: {most}", Function(lambda m, x: x + m.weight[:x.shape[1]], weight=torch.empty(most, shape[2])), shape)
    base = chance.choice((10.0, 10000.0))
    layer(f"sinusoidal_embedding: {{base: {base}}}", waves(base), shape)

    shape = some_shape(2, 3, 4, 5)
    layer("flatten", nn.Flatten(), shape)
    shape = some_shape(3, 4)
    layer("flatten: {channels_first: true}", nn.Flatten(), shape, sequences=True)
    sizes = [chance.randint(1, 3) for _ in range(chance.randint(2, 4))]
    n = torch.Size(sizes).numel()
    first = [sizes[-1], *sizes[:-1]] if len(sizes) > 2 else sizes
    asked = list(sizes)
    asked[chance.randrange(len(sizes))] = -1
    layer(f"unflatten: [{', '.join(map(str, asked))}]", nn.Unflatten(1, first), (chance.randint(1, 2), n))

    features, hidden, layers, both, last, bias = chance.randint(1, 2), chance.randint(1, 2), chance.randint(1, 2), *(chance.random() < 0.4 for _ in range(2)), chance.random() < 0.7
    shape = (chance.randint(1, 2), chance.randint(1, 3), features)
    keys = f"hidden_size: {hidden}, num_layers: {layers}, bidirectional: {word(both)}, return_sequences: {word(not last)}, bias: {word(bias)}"
    more = dict(num_layers=layers, bidirectional=both, bias=bias)
    layer(f"lstm: {{{keys}}}", Recurrent(nn.LSTM, last, features, hidden, **more), shape)
    layer(f"gru: {{{keys}}}", Recurrent(nn.GRU, last, features, hidden, **more), shape)
    kind = chance.choice(("tanh", "relu"))
    layer(f"rnn: {{{keys}, nonlinearity: {kind}}}", Recurrent(nn.RNN, last, features, hidden, nonlinearity=kind, **more), shape)
