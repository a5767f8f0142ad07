# Larger parts of networks beside PyTorch's, torchvision's formulas and Keras' where PyTorch has none.
# SPDX-License-Identifier: Apache-2.0
import math

import torch
from golden import chance, layer, whole
from torch import nn
from torch.nn import functional as F


class Attention(nn.MultiheadAttention):
    """Of one, two or three sequences, with lengths or a mask behind them."""

    def __init__(self, *given, causal=False, **more):
        super().__init__(*given, batch_first=True, **more)
        self.causal = causal

    def forward(self, x, *others):
        sequences = [x] + [o for o in others if o.is_floating_point()]
        numbers = [o for o in others if not o.is_floating_point()]
        query, key, value = sequences[0], sequences[min(1, len(sequences) - 1)], sequences[-1]
        mask = torch.ones(query.shape[1], key.shape[1], dtype=torch.bool).triu(1) if self.causal else None
        padding = None
        for n in numbers:
            if n.dim() == 1:
                padding = torch.arange(key.shape[1]) >= n[:, None]
            else:
                unseen = n == 0
                mask = (unseen if mask is None else unseen | mask).repeat_interleave(self.num_heads, 0)
        return super().forward(query, key, value, need_weights=False, attn_mask=mask, key_padding_mask=padding)[0]


class Turned(nn.Module):
    """Attention with rotary positions or ALiBi, several heads of queries to each of keys and values."""

    def __init__(self, features, heads, kv_heads, causal, rotary=None, alibi=False):
        super().__init__()
        self.heads, self.kv_heads, self.dim, self.causal, self.rotary, self.alibi = heads, kv_heads, features // heads, causal, rotary, alibi
        self.in_proj_weight = nn.Parameter(torch.empty((heads + 2 * kv_heads) * self.dim, features))
        self.in_proj_bias = nn.Parameter(torch.empty((heads + 2 * kv_heads) * self.dim))
        self.out_proj = nn.Linear(features, features)

    def turn(self, x):  # [batch, heads, length, dim]
        base, dim, interleaved = self.rotary
        angle = torch.arange(x.shape[2], dtype=torch.float64)[:, None] * base ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
        c, s = angle.cos().float(), angle.sin().float()
        part, rest = x[..., :dim], x[..., dim:]
        a, b = (part[..., 0::2], part[..., 1::2]) if interleaved else part.chunk(2, -1)
        y = (a * c - b * s, b * c + a * s)
        y = torch.stack(y, -1).flatten(-2) if interleaved else torch.cat(y, -1)
        return torch.cat([y, rest], -1)

    def forward(self, x):
        sizes = [self.heads * self.dim, self.kv_heads * self.dim, self.kv_heads * self.dim]
        q, k, v = (t.unflatten(2, (-1, self.dim)).transpose(1, 2)
                   for t in F.linear(x, self.in_proj_weight, self.in_proj_bias).split(sizes, 2))
        if self.rotary:
            q, k = self.turn(q), self.turn(k)
        k, v = (t.repeat_interleave(self.heads // self.kv_heads, 1) for t in (k, v))
        scores = q @ k.mT / math.sqrt(self.dim)
        if self.alibi:
            n = 2 ** math.floor(math.log2(self.heads))
            slopes = [2 ** (-8 * (i + 1) / n) for i in range(n)] + [2 ** (-4 * (2 * i + 1) / n) for i in range(self.heads - n)]
            places = torch.arange(x.shape[1])
            scores = scores + torch.tensor(slopes)[:, None, None] * (places - places[:, None])
        if self.causal:
            scores = scores.masked_fill(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1), -torch.inf)
        return self.out_proj((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))


class SqueezeExcite(nn.Module):  # torchvision's SqueezeExcitation
    def __init__(self, channels, squeezed, activation, gate):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)
        self.activation, self.gate = activation, gate

    def forward(self, x):
        return x * self.gate(self.fc2(self.activation(self.fc1(x.mean((2, 3), keepdim=True)))))


class PatchEmbed(nn.Module):
    def __init__(self, channels, dim, patch, bias):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, patch, patch, bias=bias)

    def forward(self, x):
        return self.proj(x).flatten(2).mT


class Bag(nn.Module):
    def __init__(self, rows, dim, mode, padding):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(rows, dim))
        self.more = dict(mode=mode, padding_idx=padding)

    def forward(self, x):
        return F.embedding_bag(x, self.weight, **self.more)


class ConvLstm(nn.Module):
    def __init__(self, channels, out, kernel, sequences):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(4 * out, channels, *kernel))
        self.weight_hh = nn.Parameter(torch.empty(4 * out, out, *kernel))
        self.bias = nn.Parameter(torch.empty(4 * out))
        self.out, self.sequences = out, sequences

    def forward(self, x):  # [batch, channels, steps, height, width]
        h = c = torch.zeros(x.shape[0], self.out, *x.shape[3:])
        states = []
        for t in range(x.shape[2]):
            gates = F.conv2d(x[:, :, t], self.weight_ih, self.bias, padding="same") + F.conv2d(h, self.weight_hh, padding="same")
            i, f, g, o = gates.chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            states.append(h)
        return torch.stack(states, 2) if self.sequences else h


class Encoder(nn.TransformerEncoderLayer):
    def __init__(self, *given, causal=False, **more):
        super().__init__(*given, batch_first=True, **more)
        self.causal = causal

    def forward(self, x):
        mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if self.causal else None
        return super().forward(x, src_mask=mask)


class Decoder(nn.TransformerDecoderLayer):
    def forward(self, x, memory):
        return super().forward(x, memory, tgt_mask=torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1))


class Tokens(nn.Module):
    def __init__(self, columns, dim, categories):
        super().__init__()
        if columns:
            self.weight, self.bias = nn.Parameter(torch.empty(columns, dim)), nn.Parameter(torch.empty(columns, dim))
        self.embeddings = nn.ModuleList(nn.Embedding(n, dim) for n in categories)
        for e in self.embeddings:
            e.bias = nn.Parameter(torch.empty(dim))

    def forward(self, *inputs):
        tokens, columns = [], list(inputs)
        if columns[0].is_floating_point():
            tokens.append(columns.pop(0)[..., None] * self.weight + self.bias)
        tokens += [(e(x) + e.bias)[:, None] for e, x in zip(self.embeddings, columns)]
        return torch.cat(tokens, 1)


class Function(nn.Module):
    def __init__(self, of):
        super().__init__()
        self.of = of

    def forward(self, *x):
        return self.of(*x)


def word(v):
    return str(v).lower()


for i in range(20):
    heads, dim, batch, length, keys = chance.randint(1, 2), chance.choice((2, 3)), chance.randint(1, 2), chance.randint(2, 3), chance.randint(2, 3)
    features, causal, bias = heads * dim, chance.random() < 0.3, chance.random() < 0.7
    plain = f"multi_head_attention: {{num_heads: {heads}, bias: {word(bias)}, causal: {word(causal)}}}"
    if causal:
        keys = length
    mask = whole(2, (batch, length, keys))
    mask[..., 0] = 1
    layer(plain, Attention(features, heads, bias=bias, causal=causal), (batch, length, features), (batch, keys, features), mask)
    if i % 2 == 0:
        k, v = chance.randint(1, 3), chance.randint(1, 3)
        layer(plain, Attention(features, heads, bias=bias, causal=causal, kdim=k, vdim=v), (batch, length, features),
              (batch, keys, k), (batch, keys, v))
    else:
        layer(plain, Attention(features, heads, bias=bias, causal=causal), (batch, length, features), (batch, keys, features),
              whole(keys, (batch,)) + 1)

    heads = chance.choice((1, 2, 3, 4))
    kv_heads = chance.choice([n for n in (1, 2, 3, 4) if heads % n == 0])
    dim, length = chance.choice((2, 4)), chance.randint(1, 4)
    interleaved, turned = chance.random() < 0.5, chance.choice([n for n in (2, 4) if n <= dim])
    causal = chance.random() < 0.5
    if heads * dim <= 8:
        layer(f"multi_head_attention: {{num_heads: {heads}, num_kv_heads: {kv_heads}, causal: {word(causal)}, "
              f"rotary: {{base: 100, dim: {turned}, interleaved: {word(interleaved)}}}}}",
              Turned(heads * dim, heads, kv_heads, causal, (100.0, turned, interleaved)), (1, length, heads * dim))
        layer(f"multi_head_attention: {{num_heads: {heads}, num_kv_heads: {kv_heads}, causal: true, alibi: true}}",
              Turned(heads * dim, heads, kv_heads, True, alibi=True), (1, length, heads * dim))

    heads, inner, length = chance.randint(1, 2), chance.randint(1, 3), chance.randint(1, 3)
    norm_first, bias, causal = (chance.random() < 0.5 for _ in range(3))
    activation = chance.choice(("relu", "gelu"))
    rest = f"dim_feedforward: {inner}, activation: {activation}, norm_first: {word(norm_first)}, bias: {word(bias)}}}"
    more = dict(dim_feedforward=inner, dropout=0.0, activation=activation, norm_first=norm_first, bias=bias)
    layer(f"transformer_encoder_layer: {{nhead: {heads}, dropout: 0, causal: {word(causal)}, {rest}", Encoder(4, heads, causal=causal, **more),
          (1, length, 4))
    layer(f"transformer_decoder_layer: {{nhead: {heads}, dropout: 0, {rest}", Decoder(4, heads, batch_first=True, **more), (1, length, 4),
          (1, chance.randint(1, 3), 4))

    channels, squeezed = chance.randint(1, 3), chance.randint(1, 3)
    activation, gate = chance.choice(("relu", "silu")), chance.choice(("sigmoid", "hardsigmoid"))
    layer(f"squeeze_excite: {{squeeze_channels: {squeezed}, activation: {activation}, scale_activation: {gate}}}",
          SqueezeExcite(channels, squeezed, getattr(F, activation), getattr(F, gate)), (chance.randint(1, 2), chance.randint(1, 2), 2, channels))
    patch, embed = (chance.randint(1, 2), chance.randint(1, 2)), chance.randint(1, 3)
    layer(f"patch_embed: {{patch_size: [{patch[0]}, {patch[1]}], embed_dim: {embed}, bias: {word(bias)}}}",
          PatchEmbed(channels, embed, patch, bias), (1, patch[0] * chance.randint(1, 2), patch[1] * 2, channels))
    mode, rows = chance.choice(("sum", "mean", "max")), chance.randint(2, 4)
    padding = chance.choice((None, 0, rows - 1))
    layer(f"embedding_bag: {{num_embeddings: {rows}, embedding_dim: {embed}, mode: {mode}"
          + (f", padding_idx: {padding}}}" if padding is not None else "}"),
          Bag(rows, embed, mode, padding), whole(rows, (chance.randint(1, 3), chance.randint(1, 4))))
    categories, columns, batch = [chance.randint(1, 4) for _ in range(chance.randint(0, 2))], chance.randint(0, 3), chance.randint(1, 3)
    if not categories:
        columns = max(columns, 1)
    layer(f"feature_tokens: {{dim: {embed}, categories: {categories}}}", Tokens(columns, embed, categories),
          *[(batch, columns)] * (columns > 0), *[whole(n, (batch,)) for n in categories])
    sequences = chance.random() < 0.5
    kernel = (chance.choice((1, 3)), chance.choice((1, 3)))
    layer(f"conv_lstm2d: {{out_channels: 1, kernel_size: [{kernel[0]}, {kernel[1]}], return_sequences: {word(sequences)}}}",
          ConvLstm(1, 1, kernel, sequences), (1, chance.randint(2, 3), chance.randint(1, 3), 2, 1))

for text, of in (("x * sigmoid(1.702 * x)", lambda x: x * (1.702 * x).sigmoid()),
                 ("x^2 - 3 * x + 1", lambda x: x**2 - 3 * x + 1),
                 ("-x ^ 2", lambda x: -x**2),
                 ("2 ^ -x", lambda x: 2**-x),
                 ("2 ** x ** 2", lambda x: 2 ** x**2),
                 ("(x - mean(x)) / sqrt(mean(square(x - mean(x))) + 1e-2)",
                  lambda x: (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + 1e-2).sqrt()),
                 ("where(x > 0.25, x, exp(x) - 1)", lambda x: torch.where(x > 0.25, x, x.exp() - 1)),
                 ("max(x, 0) - min(x, 0) * .5", lambda x: F.relu(x) - x.clamp(max=0) * 0.5),
                 ("log(1 + exp(-abs(x))) + relu(x)", lambda x: torch.log(1 + (-x.abs()).exp()) + F.relu(x)),
                 ("sin(pi * x) + cos(x / e)", lambda x: (math.pi * x).sin() + (x / math.e).cos()),
                 ("x - tanh(x) * erf(x)", lambda x: x - x.tanh() * x.erf()),
                 ("softmax(x) * sum(x)", lambda x: x.softmax(-1) * x.sum(-1, keepdim=True)),
                 ("log_softmax(x)", lambda x: x.log_softmax(-1)),
                 ("x * (x >= 0) + 0.1 * x * (x < 0)", lambda x: F.leaky_relu(x, 0.1)),
                 ("gelu(x) + silu(x) + softplus(x)", lambda x: F.gelu(x) + F.silu(x) + F.softplus(x)),
                 ("x / (1 + abs(x))", F.softsign),
                 ("rsqrt(1 + x * x)", lambda x: (1 + x * x).rsqrt()),
                 ("1 - 2 - x", lambda x: 1 - 2 - x),
                 ("x / 2 / 4", lambda x: x / 2 / 4),
                 ("+x - (-x)", lambda x: 2 * x)):
    layer(f'expression: "{text}"', Function(of), (2, 3))
layer('expression: {formula: "a * tanh(b) + c", inputs: [a, b, c]}', Function(lambda a, b, c: a * b.tanh() + c), (2, 3), (2, 3), (2, 1))
