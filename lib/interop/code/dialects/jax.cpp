// Operations in jax.numpy, on arrays whose channels are last.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/dialect.h"

namespace dl::code {

const Dialect& jax_dialect() {
  static const Dialect dialect{
      .imports = "import jax\nimport jax.numpy as jnp\nimport numpy as np\n",
      .np = "jnp",
      .reshape = "{x}.reshape({sizes})",
      .transpose = "{x}.transpose({order})",
      .broadcast = "jnp.broadcast_to({x}, {sizes})",
      .sum = "{x}.sum({axes}, keepdims=True)",
      .max = "{x}.max({axes}, keepdims=True)",
      .mean = "{x}.mean({axes}, keepdims=True)",
      .concat = "jnp.concatenate([{parts}], {axis})",
      .cast = "{x}.astype(jnp.float32)",
      .iota = "jnp.arange({n}, dtype=jnp.float32)",
      .as_float = "{x}.astype(jnp.float32)",
      .samples = "{x}.shape[0]",
      .maximum_number = "jnp.maximum({x}, {n})",
      .minimum_number = "jnp.minimum({x}, {n})",
      .pow_number = "jnp.power({x}, {n})",
      .array = "jnp.array([{values}], jnp.float32)",
      .zeros = "jnp.zeros({sizes}, jnp.float32)",
      .random = "jax.random.uniform(jax.random.key(0), {sizes})",
      .functions = {{"where", R"(def where(condition, yes, no):
    return jnp.where(condition, yes, no).astype(jnp.float32))"},
                    {"erf", R"(def erf(x):
    return jax.lax.erf(x))"},
                    {"sigmoid", R"(def sigmoid(x):
    return jax.nn.sigmoid(x))"},
                    {"gelu", R"(def gelu(x):
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5))))"},
                    {"gelu_slope", R"(def gelu_slope(x):
    return 0.5 * (1 + erf(x * math.sqrt(0.5))) + x * jnp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))"},
                    {"rounded_to_bf16", R"(def rounded_to_bf16(x):
    return x.astype(jnp.bfloat16).astype(jnp.float32))"},
                    {"relu", R"(def relu(x):
    return jnp.maximum(x, 0.0))"},
                    {"softmax", R"(def softmax(x):
    return jax.nn.softmax(x))"},
                    {"log_softmax", R"(def log_softmax(x):
    return jax.nn.log_softmax(x))"},
                    {"layer_norm", R"(def layer_norm(x, eps):
    x = x - x.mean(-1, keepdims=True)
    return x / jnp.sqrt((x * x).mean(-1, keepdims=True) + eps))"},
                    {"rows_of", R"(def rows_of(table, rows):
    return table[rows])"},
                    {"conv", R"(def conv(x, weight, bias, strides, pads, dilation, groups):
    places = "DHW"[-len(strides):]
    y = jax.lax.conv_general_dilated(x, weight, strides, pads, rhs_dilation=dilation, feature_group_count=groups,
                                     dimension_numbers=(f"N{places}C", f"OI{places}", f"N{places}C"))
    return y if bias is None else y + bias)"},
                    {"conv_transpose", R"(def conv_transpose(x, weight, bias, strides, pads, dilation, groups, sizes):
    size, places = weight.shape[2:], "DHW"[-len(strides):]
    reach = [d * (k - 1) for k, d in zip(size, dilation)]
    ends = [(r - before, before + wanted - (n - 1) * s - 1)
            for r, (before, _), wanted, n, s in zip(reach, pads, sizes, x.shape[1:], strides)]
    weight = jnp.flip(weight, tuple(range(2, weight.ndim)))
    weight = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2).reshape(-1, weight.shape[0] // groups, *size)
    y = jax.lax.conv_general_dilated(x, weight, [1] * len(size), ends, strides, dilation, feature_group_count=groups,
                                     dimension_numbers=(f"N{places}C", f"OI{places}", f"N{places}C"))
    return y if bias is None else y + bias)"},
                    {"max_pool", R"(def max_pool(x, size, strides, pads, dilation):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, *size, 1), (1, *strides, 1), ((0, 0), *pads, (0, 0)),
                                 window_dilation=(1, *dilation, 1)))"},
                    {"avg_pool", R"(def avg_pool(x, size, strides, pads):
    y = jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, *size, 1), (1, *strides, 1), ((0, 0), *pads, (0, 0)))
    return y / math.prod(size))"},
                    {"attention", R"(def attention(q, k, v, heads, kv_heads, causal, lengths=None):
    def apart(x, n):
        return jnp.repeat(x.reshape(*x.shape[:2], n, -1).swapaxes(1, 2), heads // n, 1)

    q, k, v = apart(q, heads), apart(k, kv_heads), apart(v, kv_heads)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[-1])
    seen = jnp.ones(scores.shape[-2:], bool)
    if causal:
        seen = jnp.tril(seen)
    if lengths is not None:
        seen = seen & (jnp.arange(k.shape[2]) < lengths.reshape(-1, 1, 1, 1))
    shares = softmax(jnp.where(seen, scores, jnp.finfo(jnp.float32).min)) * seen
    y = (shares @ v).swapaxes(1, 2)
    return y.reshape(*y.shape[:2], -1).astype(jnp.float32))"},
                    {"scan", R"(def scan(x, states, step, reverse):
    """y of all steps, and the last states, of which the first is h."""
    y = [None] * x.shape[1]
    for i in range(x.shape[1] - 1, -1, -1) if reverse else range(x.shape[1]):
        states = step(x[:, i], *states)
        y[i] = states[0]
    return jnp.stack(y, 1), *states)"},
                    {"rnn_tanh", R"(def rnn_tanh(x, weight, h, reverse=False):
    return scan(x, (h,), lambda x, h: (jnp.tanh(x + h @ weight.T),), reverse))"},
                    {"rnn_relu", R"(def rnn_relu(x, weight, h, reverse=False):
    return scan(x, (h,), lambda x, h: (relu(x + h @ weight.T),), reverse))"},
                    {"lstm", R"(def lstm(x, weight, h, c, reverse=False):
    def step(x, h, c):
        i, f, g, o = jnp.split(x + h @ weight.T, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
        return sigmoid(o) * jnp.tanh(c), c

    return scan(x, (h, c), step, reverse))"},
                    {"gru", R"(def gru(x, weight, h, bias, reverse=False):
    def step(x, h):
        (xr, xz, xn), (hr, hz, hn) = jnp.split(x, 3, -1), jnp.split(h @ weight.T + bias, 3, -1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        return ((1 - z) * jnp.tanh(xn + r * hn) + z * h,)

    return scan(x, (h,), step, reverse))"}}};
  return dialect;
}

}  // namespace dl::code
