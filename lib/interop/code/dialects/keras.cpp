// Operations in keras.ops, on arrays whose channels are last.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/dialect.h"

namespace dl::code {

const Dialect& keras_dialect() {
  static const Dialect dialect{
      .imports = "import keras\nimport numpy as np\nfrom keras import ops\n",
      .np = "ops",
      .reshape = "ops.reshape({x}, {sizes})",
      .transpose = "ops.transpose({x}, {order})",
      .broadcast = "ops.broadcast_to({x}, {sizes})",
      .sum = "ops.sum({x}, {axes}, keepdims=True)",
      .max = "ops.max({x}, {axes}, keepdims=True)",
      .mean = "ops.mean({x}, {axes}, keepdims=True)",
      .concat = "ops.concatenate([{parts}], {axis})",
      .cast = "ops.cast({x}, 'float32')",
      .iota = "ops.arange({n}, dtype='float32')",
      .as_float = "ops.cast({x}, 'float32')",
      .samples = "ops.shape({x})[0]",
      .maximum_number = "ops.maximum({x}, {n})",
      .minimum_number = "ops.minimum({x}, {n})",
      .pow_number = "ops.power({x}, {n})",
      .array = "ops.array([{values}], 'float32')",
      .zeros = "ops.zeros({sizes}, 'float32')",
      .random = "keras.random.uniform({sizes})",
      .functions = {{"where", R"(def where(condition, yes, no):
    return ops.cast(ops.where(condition, yes, no), "float32"))"},
                    {"erf", R"(def erf(x):
    return ops.erf(x))"},
                    {"sigmoid", R"(def sigmoid(x):
    return ops.sigmoid(x))"},
                    {"gelu", R"(def gelu(x):
    return ops.gelu(x, approximate=False))"},
                    {"gelu_slope", R"(def gelu_slope(x):
    return 0.5 * (1 + erf(x * math.sqrt(0.5))) + x * ops.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))"},
                    {"rounded_to_bf16", R"(def rounded_to_bf16(x):
    return ops.cast(ops.cast(x, "bfloat16"), "float32"))"},
                    {"relu", R"(def relu(x):
    return ops.maximum(x, 0.0))"},
                    {"softmax", R"(def softmax(x):
    return ops.softmax(x))"},
                    {"log_softmax", R"(def log_softmax(x):
    return ops.log_softmax(x))"},
                    {"layer_norm", R"(def layer_norm(x, eps):
    x = x - ops.mean(x, -1, keepdims=True)
    return x / ops.sqrt(ops.mean(x * x, -1, keepdims=True) + eps))"},
                    {"rows_of", R"(def rows_of(table, rows):
    return ops.take(table, rows, 0))"},
                    {"conv", R"(def conv(x, weight, bias, strides, pads, dilation, groups):
    x = ops.pad(x, ((0, 0), *pads, (0, 0)))
    kernel = ops.transpose(weight, (*range(2, len(weight.shape)), 1, 0))
    if groups == 1:
        y = ops.conv(x, kernel, strides, "valid", "channels_last", dilation)
    elif groups == x.shape[-1] and len(strides) < 3 and len(set(strides)) == 1:
        kernel = ops.reshape(kernel, (*kernel.shape[:-2], groups, -1))
        y = ops.depthwise_conv(x, kernel, strides, "valid", "channels_last", dilation)
    else:  # not every backend has groups
        parts = zip(ops.split(x, groups, -1), ops.split(kernel, groups, -1))
        y = ops.concatenate([ops.conv(a, k, strides, "valid", "channels_last", dilation) for a, k in parts], -1)
    return y if bias is None else y + bias)"},
                    {"conv_transpose", R"(def conv_transpose(x, weight, bias, strides, pads, dilation, groups, sizes):
    kernel = ops.transpose(weight, (*range(2, len(weight.shape)), 1, 0))
    parts = zip(ops.split(x, groups, -1), ops.split(kernel, groups, -1))
    y = [ops.conv_transpose(a, k, strides, "valid", None, "channels_last", dilation) for a, k in parts]
    y = ops.concatenate(y, -1)
    more = [max(0, before + wanted - n) for n, (before, _), wanted in zip(y.shape[1:], pads, sizes)]
    y = ops.pad(y, ((0, 0), *[(0, n) for n in more], (0, 0)))
    y = y[(slice(None), *[slice(before, before + n) for (before, _), n in zip(pads, sizes)])]
    return y if bias is None else y + bias)"},
                    {"max_pool", R"(def max_pool(x, size, strides, pads, dilation):
    x = ops.pad(x, ((0, 0), *pads, (0, 0)), constant_values=float("-inf"))
    rows, columns = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[1:], size, strides, dilation)]
    places = [x[:, i * dilation[0]:i * dilation[0] + (rows - 1) * strides[0] + 1:strides[0],
                j * dilation[1]:j * dilation[1] + (columns - 1) * strides[1] + 1:strides[1]]
              for i in range(size[0]) for j in range(size[1])]
    return ops.max(ops.stack(places), 0))"},
                    {"avg_pool", R"(def avg_pool(x, size, strides, pads):
    return ops.average_pool(ops.pad(x, ((0, 0), *pads, (0, 0))), size, strides, "valid", "channels_last"))"},
                    {"attention", R"(def attention(q, k, v, heads, kv_heads, causal, lengths=None):
    def apart(x, n):
        x = ops.reshape(x, (-1, x.shape[1], n, x.shape[2] // n))
        return ops.repeat(ops.transpose(x, (0, 2, 1, 3)), heads // n, 1)

    q, k, v = apart(q, heads), apart(k, kv_heads), apart(v, kv_heads)
    scores = q @ ops.transpose(k, (0, 1, 3, 2)) / math.sqrt(q.shape[-1])
    seen = np.ones((q.shape[2], k.shape[2]), bool)
    if causal:
        seen = np.tril(seen)
    seen = ops.array(seen)
    if lengths is not None:
        seen = ops.logical_and(seen, ops.arange(k.shape[2]) < ops.reshape(lengths, (-1, 1, 1, 1)))
    shares = ops.softmax(ops.where(seen, scores, -1e30)) * ops.cast(seen, "float32")
    y = ops.transpose(shares @ v, (0, 2, 1, 3))
    return ops.reshape(y, (-1, y.shape[1], y.shape[2] * y.shape[3])))"},
                    {"scan", R"(def scan(x, states, step, reverse):
    """y of all steps, and the last states, of which the first is h."""
    y = [None] * x.shape[1]
    for i in range(x.shape[1] - 1, -1, -1) if reverse else range(x.shape[1]):
        states = step(x[:, i], *states)
        y[i] = states[0]
    return ops.stack(y, 1), *states)"},
                    {"rnn_tanh", R"(def rnn_tanh(x, weight, h, reverse=False):
    return scan(x, (h,), lambda x, h: (ops.tanh(x + h @ ops.transpose(weight)),), reverse))"},
                    {"rnn_relu", R"(def rnn_relu(x, weight, h, reverse=False):
    return scan(x, (h,), lambda x, h: (relu(x + h @ ops.transpose(weight)),), reverse))"},
                    {"lstm", R"(def lstm(x, weight, h, c, reverse=False):
    def step(x, h, c):
        i, f, g, o = ops.split(x + h @ ops.transpose(weight), 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * ops.tanh(g)
        return sigmoid(o) * ops.tanh(c), c

    return scan(x, (h, c), step, reverse))"},
                    {"gru", R"(def gru(x, weight, h, bias, reverse=False):
    def step(x, h):
        (xr, xz, xn), (hr, hz, hn) = ops.split(x, 3, -1), ops.split(h @ ops.transpose(weight) + bias, 3, -1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        return ((1 - z) * ops.tanh(xn + r * hn) + z * h,)

    return scan(x, (h,), step, reverse))"}}};
  return dialect;
}

}  // namespace dl::code
