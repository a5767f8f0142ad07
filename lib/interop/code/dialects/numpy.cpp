// Operations in NumPy, on arrays whose channels are last.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/dialect.h"

namespace dl::code {

const Dialect& numpy_dialect() {
  static const Dialect dialect{
      .imports = "import numpy as np\n",
      .np = "np",
      .reshape = "{x}.reshape({sizes})",
      .transpose = "{x}.transpose({order})",
      .broadcast = "np.broadcast_to({x}, {sizes})",
      .sum = "{x}.sum({axes}, keepdims=True)",
      .max = "{x}.max({axes}, keepdims=True)",
      .mean = "{x}.mean({axes}, keepdims=True)",
      .concat = "np.concatenate([{parts}], {axis})",
      .cast = "{x}.astype(np.float32)",
      .iota = "np.arange({n}, dtype=np.float32)",
      .as_float = "{x}.astype(np.float32)",
      .samples = "{x}.shape[0]",
      .maximum_number = "np.maximum({x}, {n})",
      .minimum_number = "np.minimum({x}, {n})",
      .pow_number = "np.power({x}, {n})",
      .array = "np.array([{values}], np.float32)",
      .zeros = "np.zeros({sizes}, np.float32)",
      .random = "np.random.random({sizes}).astype(np.float32)",
      .functions = {{"where", R"(def where(condition, yes, no):
    return np.where(condition, yes, no).astype(np.float32))"},
                    {"erf", R"(def erf(x):
    return np.vectorize(math.erf, otypes=[np.float32])(x))"},
                    {"sigmoid", R"(def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x))"},
                    {"gelu", R"(def gelu(x):
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5))))"},
                    {"gelu_slope", R"(def gelu_slope(x):
    return 0.5 * (1 + erf(x * math.sqrt(0.5))) + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))"},
                    {"rounded_to_bf16", R"(def rounded_to_bf16(x):
    bits = x.astype(np.float32).view(np.uint32)
    return (bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000).astype(np.uint32).view(np.float32))"},
                    {"relu", R"(def relu(x):
    return np.maximum(x, 0.0))"},
                    {"softmax", R"(def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True))"},
                    {"log_softmax", R"(def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True)))"},
                    {"layer_norm", R"(def layer_norm(x, eps):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps))"},
                    {"rows_of", R"(def rows_of(table, rows):
    return table[rows])"},
                    {"windows", R"(def windows(x, size, strides, pads, dilation, value=0.0):
    """[batch, outputs …, channels, places of a window …]."""
    x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=value)
    axes = tuple(range(1, len(size) + 1))
    x = np.lib.stride_tricks.sliding_window_view(x, [d * (k - 1) + 1 for k, d in zip(size, dilation)], axes)
    return x[(slice(None), *[slice(None, None, s) for s in strides], ..., *[slice(None, None, d) for d in dilation])])"},
                    {"conv", R"(def conv(x, weight, bias, strides, pads, dilation, groups):
    size = weight.shape[2:]
    places = windows(x, size, strides, pads, dilation)
    outputs = places.shape[:len(size) + 1]
    places = places.reshape(*outputs, groups, -1)
    weight = weight.reshape(groups, weight.shape[0] // groups, -1)
    y = np.einsum("...gi,goi->...go", places, weight, optimize=True).reshape(*outputs, -1)
    return y if bias is None else y + bias)"},
                    {"conv_transpose", R"(def conv_transpose(x, weight, bias, strides, pads, dilation, groups, sizes):
    size = weight.shape[2:]
    reach = [d * (k - 1) for k, d in zip(size, dilation)]
    # The inputs with zeros between them, over which the kernel goes backwards.
    apart = np.zeros([x.shape[0], *[(n - 1) * s + 1 for n, s in zip(x.shape[1:], strides)], x.shape[-1]], np.float32)
    apart[(slice(None), *[slice(None, None, s) for s in strides])] = x
    full = [(r, max(r, before + wanted - n)) for r, (before, _), wanted, n in zip(reach, pads, sizes, apart.shape[1:])]
    weight = np.flip(weight, tuple(range(2, weight.ndim)))
    weight = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2).reshape(-1, weight.shape[0] // groups, *size)
    y = conv(apart, weight, None, [1] * len(size), full, dilation, groups)
    y = y[(slice(None), *[slice(before, before + n) for (before, _), n in zip(pads, sizes)])]
    return y if bias is None else y + bias)"},
                    {"max_pool", R"(def max_pool(x, size, strides, pads, dilation):
    return windows(x, size, strides, pads, dilation, -np.inf).max(tuple(range(-len(size), 0))))"},
                    {"avg_pool", R"(def avg_pool(x, size, strides, pads):
    return windows(x, size, strides, pads, [1] * len(size)).mean(tuple(range(-len(size), 0))))"},
                    {"attention", R"(def attention(q, k, v, heads, kv_heads, causal, lengths=None):
    def apart(x, n):
        return np.repeat(x.reshape(*x.shape[:2], n, -1).swapaxes(1, 2), heads // n, 1)

    q, k, v = apart(q, heads), apart(k, kv_heads), apart(v, kv_heads)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[-1])
    seen = np.ones(scores.shape[-2:], bool)
    if causal:
        seen = np.tril(seen)
    if lengths is not None:
        seen = seen & (np.arange(k.shape[2]) < lengths.reshape(-1, 1, 1, 1))
    shares = softmax(np.where(seen, scores, np.finfo(np.float32).min)) * seen
    y = (shares @ v).swapaxes(1, 2)
    return y.reshape(*y.shape[:2], -1).astype(np.float32))"},
                    {"scan", R"(def scan(x, states, step, reverse):
    """y of all steps, and the last states, of which the first is h."""
    y = [None] * x.shape[1]
    for i in range(x.shape[1] - 1, -1, -1) if reverse else range(x.shape[1]):
        states = step(x[:, i], *states)
        y[i] = states[0]
    return np.stack(y, 1), *states)"},
                    {"rnn_tanh", R"(def rnn_tanh(x, weight, h, reverse=False):
    return scan(x, (h,), lambda x, h: (np.tanh(x + h @ weight.T),), reverse))"},
                    {"rnn_relu", R"(def rnn_relu(x, weight, h, reverse=False):
    return scan(x, (h,), lambda x, h: (relu(x + h @ weight.T),), reverse))"},
                    {"lstm", R"(def lstm(x, weight, h, c, reverse=False):
    def step(x, h, c):
        i, f, g, o = np.split(x + h @ weight.T, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c

    return scan(x, (h, c), step, reverse))"},
                    {"gru", R"(def gru(x, weight, h, bias, reverse=False):
    def step(x, h):
        (xr, xz, xn), (hr, hz, hn) = np.split(x, 3, -1), np.split(h @ weight.T + bias, 3, -1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        return ((1 - z) * np.tanh(xn + r * hn) + z * h,)

    return scan(x, (h,), step, reverse))"}}};
  return dialect;
}

}  // namespace dl::code
