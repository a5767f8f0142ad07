// Operations in PyTorch, on tensors whose channels are last.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/dialect.h"

namespace dl::code {

const Dialect& torch_dialect() {
  static const Dialect dialect{
      .imports = "import torch\nfrom torch.nn import functional as F\n",
      .np = "torch",
      .reshape = "{x}.reshape({sizes})",
      .transpose = "{x}.permute({order})",
      .broadcast = "{x}.expand({sizes})",
      .sum = "{x}.sum({axes}, keepdim=True)",
      .max = "{x}.amax({axes}, keepdim=True)",
      .mean = "{x}.mean({axes}, keepdim=True)",
      .concat = "torch.cat([{parts}], {axis})",
      .cast = "{x}.float()",
      .iota = "torch.arange({n}, dtype=torch.float32)",
      .as_float = "{x}.float()",
      .samples = "{x}.shape[0]",
      .maximum_number = "{x}.clamp(min={n})",
      .minimum_number = "{x}.clamp(max={n})",
      .pow_number = "torch.pow({x}, {n})",
      .array = "torch.tensor([{values}])",
      .zeros = "torch.zeros({sizes})",
      .random = "torch.rand({sizes})",
      .functions = {{"where", R"(def where(condition, yes, no):
    return torch.where(condition, yes, no))"},
                    {"erf", R"(def erf(x):
    return torch.erf(x))"},
                    {"sigmoid", R"(def sigmoid(x):
    return torch.sigmoid(x))"},
                    {"gelu", R"(def gelu(x):
    return F.gelu(x))"},
                    {"gelu_slope", R"(def gelu_slope(x):
    return 0.5 * (1 + torch.erf(x * 0.5 ** 0.5)) + x * torch.exp(-0.5 * x * x) / (2 * torch.pi) ** 0.5)"},
                    {"rounded_to_bf16", R"(def rounded_to_bf16(x):
    return x.bfloat16().float())"},
                    {"relu", R"(def relu(x):
    return torch.relu(x))"},
                    {"softmax", R"(def softmax(x):
    return torch.softmax(x, -1))"},
                    {"log_softmax", R"(def log_softmax(x):
    return torch.log_softmax(x, -1))"},
                    {"layer_norm", R"(def layer_norm(x, eps):
    return F.layer_norm(x, x.shape[-1:], eps=eps))"},
                    {"rows_of", R"(def rows_of(table, rows):
    return F.embedding(rows, table))"},
                    {"padded", R"(def padded(x, pads, value=0.0):
    """Channels first, and [before, behind] more places along each axis behind them."""
    return F.pad(x.movedim(-1, 1), [n for ends in reversed(pads) for n in ends], value=value))"},
                    {"conv", R"(def conv(x, weight, bias, strides, pads, dilation, groups):
    of_rank = [F.conv1d, F.conv2d, F.conv3d][len(strides) - 1]
    return of_rank(padded(x, pads), weight, bias, strides, 0, dilation, groups).movedim(1, -1))"},
                    {"conv_transpose", R"(def conv_transpose(x, weight, bias, strides, pads, dilation, groups, sizes):
    of_rank = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][len(strides) - 1]
    y = of_rank(x.movedim(-1, 1), weight, None, strides, 0, 0, groups, dilation)
    ends = [(-before, size + before - n) for n, (before, _), size in zip(y.shape[2:], pads, sizes)]
    y = F.pad(y, [n for both in reversed(ends) for n in both]).movedim(1, -1)
    return y if bias is None else y + bias)"},
                    {"max_pool", R"(def max_pool(x, size, strides, pads, dilation):
    return F.max_pool2d(padded(x, pads, -torch.inf), size, strides, 0, dilation).movedim(1, -1))"},
                    {"avg_pool", R"(def avg_pool(x, size, strides, pads):
    return F.avg_pool2d(padded(x, pads), size, strides).movedim(1, -1))"},
                    {"attention", R"(def attention(q, k, v, heads, kv_heads, causal, lengths=None):
    def apart(x, n):
        return x.unflatten(-1, (n, -1)).transpose(1, 2).repeat_interleave(heads // n, 1)

    q, k, v = apart(q, heads), apart(k, kv_heads), apart(v, kv_heads)
    scores = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5
    seen = torch.ones(scores.shape[-2:], dtype=torch.bool)
    if causal:
        seen = seen.tril()
    if lengths is not None:
        seen = seen & (torch.arange(k.shape[2]) < lengths.reshape(-1, 1, 1, 1))
    shares = torch.softmax(scores.masked_fill(~seen, torch.finfo(scores.dtype).min), -1) * seen
    return (shares @ v).transpose(1, 2).flatten(2))"},
                    {"scan", R"(def scan(x, states, step, reverse):
    """y of all steps, and the last states, of which the first is h."""
    y = [None] * x.shape[1]
    for i in range(x.shape[1] - 1, -1, -1) if reverse else range(x.shape[1]):
        states = step(x[:, i], *states)
        y[i] = states[0]
    return torch.stack(y, 1), *states)"},
                    {"rnn_tanh", R"(def rnn_tanh(x, weight, h, reverse=False):
    return scan(x, (h,), lambda x, h: (torch.tanh(x + h @ weight.T),), reverse))"},
                    {"rnn_relu", R"(def rnn_relu(x, weight, h, reverse=False):
    return scan(x, (h,), lambda x, h: (torch.relu(x + h @ weight.T),), reverse))"},
                    {"lstm", R"(def lstm(x, weight, h, c, reverse=False):
    def step(x, h, c):
        i, f, g, o = (x + h @ weight.T).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    return scan(x, (h, c), step, reverse))"},
                    {"gru", R"(def gru(x, weight, h, bias, reverse=False):
    def step(x, h):
        (xr, xz, xn), (hr, hz, hn) = x.chunk(3, -1), (h @ weight.T + bias).chunk(3, -1)
        r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        return ((1 - z) * torch.tanh(xn + r * hn) + z * h,)

    return scan(x, (h,), step, reverse))"}}};
  return dialect;
}

}  // namespace dl::code
