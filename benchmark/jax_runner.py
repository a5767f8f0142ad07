#!/usr/bin/env python3
# JAX's side of the benchmark: one workload with the whole step under one jit, stepped as clock.py says.
#
# usage: jax_runner.py WORKLOAD fp32|bf16
# bf16: the operands of products and convolutions are bf16, their results and everything else f32.
# SPDX-License-Identifier: Apache-2.0

import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import clock

RANDOM = np.random.default_rng(0)
BF16 = sys.argv[2] == "bf16"


def weight(*shape):
    return jnp.asarray(RANDOM.normal(0, 0.02, shape), jnp.float32)


def operands(*values):
    return [v.astype(jnp.bfloat16) for v in values] if BF16 else values


def product(x, w):
    return jnp.matmul(*operands(x, w)).astype(jnp.float32)


def linear(inputs, outputs):
    return {"w": weight(inputs, outputs), "b": jnp.zeros(outputs)}


def apply_linear(p, x):
    return product(x, p["w"]) + p["b"]


def dense(*widths):
    return [linear(*pair) for pair in zip(widths, widths[1:])]


def apply_dense(layers, x):
    x = x.reshape(x.shape[0], -1)
    for layer in layers[:-1]:
        x = jax.nn.relu(apply_linear(layer, x))
    return apply_linear(layers[-1], x)


def convolve(x, w, stride=1, padding="SAME"):
    if padding == "SAME":  # as PyTorch pads, also where the stride is 2
        padding = [(size // 2, size // 2) for size in w.shape[:2]]
    x, w = operands(x, w)
    return lax.conv_general_dilated(
        x, w, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")).astype(jnp.float32)


def max_pool(x, size=2, stride=2, padding=0):
    border = [(0, 0), (padding, padding), (padding, padding), (0, 0)]
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1), border)


def dropout(x, rate, key):
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def images(batch, size, channels, classes=10):
    return RANDOM.normal(size=(batch, size, size, channels)).astype("f"), RANDOM.integers(classes, size=batch)


def tokens(kinds, batch, length):
    return RANDOM.integers(kinds, size=(batch, length)), RANDOM.integers(kinds, size=(batch, length))


# A workload: parameters, running statistics, data, a function (parameters, statistics, x, key) to (prediction,
# statistics), the optimizer's name.


def mlp():
    return dense(784, 512, 256, 10), {}, images(128, 28, 1), lambda p, s, x, key: (apply_dense(p, x), s), "adam"


def tabular():
    data = RANDOM.normal(size=(256, 14)).astype("f"), RANDOM.integers(2, size=256)
    return dense(14, 256, 256, 256, 2), {}, data, lambda p, s, x, key: (apply_dense(p, x), s), "adam"


def convolution(size, inputs, outputs):
    return {"w": weight(size, size, inputs, outputs), "b": jnp.zeros(outputs)}


def lenet():
    p = {"c1": convolution(5, 1, 6), "c2": convolution(5, 6, 16), "head": dense(400, 120, 84, 10)}

    def predict(p, s, x, key):
        x = max_pool(jax.nn.relu(convolve(x, p["c1"]["w"]) + p["c1"]["b"]))
        x = max_pool(jax.nn.relu(convolve(x, p["c2"]["w"], padding="VALID") + p["c2"]["b"]))
        return apply_dense(p["head"], x), s

    return p, {}, images(128, 28, 1), predict, "adam"


def cnn():
    p = {"c1": convolution(3, 1, 32), "c2": convolution(3, 32, 64), "l1": linear(9216, 128), "l2": linear(128, 10)}

    def predict(p, s, x, key):
        first, second = jax.random.split(key)
        x = jax.nn.relu(convolve(x, p["c1"]["w"], padding="VALID") + p["c1"]["b"])
        x = max_pool(jax.nn.relu(convolve(x, p["c2"]["w"], padding="VALID") + p["c2"]["b"]))
        x = dropout(x, 0.25, first).reshape(x.shape[0], -1)
        x = dropout(jax.nn.relu(apply_linear(p["l1"], x)), 0.5, second)
        return apply_linear(p["l2"], x), s

    return p, {}, images(64, 28, 1), predict, "adam"


class Resnet:
    """Built by being applied once: asked for a name it does not know, it makes the parameters."""

    def __init__(self, stem, widths, blocks, classes):
        self.stem, self.widths, self.blocks, self.classes = stem, widths, blocks, classes
        self.p, self.s = {}, {}

    def conv(self, p, s, new, name, x, outputs, size, stride):
        if name not in p:
            p[name] = {"w": weight(size, size, x.shape[-1], outputs), "g": jnp.ones(outputs), "b": jnp.zeros(outputs)}
            s[name] = {"mean": jnp.zeros(outputs), "var": jnp.ones(outputs)}
        x = convolve(x, p[name]["w"], stride)
        mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
        new[name] = {"mean": 0.9 * s[name]["mean"] + 0.1 * mean, "var": 0.9 * s[name]["var"] + 0.1 * var}
        return (x - mean) * (lax.rsqrt(var + 1e-5) * p[name]["g"]) + p[name]["b"]

    def __call__(self, p, s, x, key):
        new = {}
        size, stride, pool = self.stem
        x = jax.nn.relu(self.conv(p, s, new, "stem", x, self.widths[0], size, stride))
        if pool:
            x = max_pool(x, 3, 2, 1)
        for i, outputs in enumerate(self.widths):
            for block in range(self.blocks):
                stride, name = 2 if block == 0 and i > 0 else 1, f"{i}.{block}"
                y = jax.nn.relu(self.conv(p, s, new, name + ".1", x, outputs, 3, stride))
                y = self.conv(p, s, new, name + ".2", y, outputs, 3, 1)
                if stride != 1 or x.shape[-1] != outputs:
                    x = self.conv(p, s, new, name + ".shortcut", x, outputs, 1, stride)
                x = jax.nn.relu(x + y)
        x = x.mean((1, 2))
        if "head" not in p:
            p["head"] = linear(x.shape[-1], self.classes)
        return apply_linear(p["head"], x), new


def resnet(net, data):
    p, s = {}, {}
    net(p, s, jnp.asarray(data[0][:1]), None)
    return p, s, data, net, "momentum"


def resnet20():
    return resnet(Resnet((3, 1, False), (16, 32, 64), 3, 10), images(128, 32, 3))


def resnet18():
    return resnet(Resnet((7, 2, True), (64, 128, 256, 512), 2, 1000), images(16, 224, 3, 1000))


def normalize(x, g):
    return (x - x.mean(-1, keepdims=True)) * lax.rsqrt(x.var(-1, keepdims=True) + 1e-5) * g


def gpt(kinds, length, layers, heads, width, batch):
    def block():
        return {"g1": jnp.ones(width), "g2": jnp.ones(width), "qkv": weight(width, 3 * width),
                "out": weight(width, width), "up": weight(width, 4 * width), "down": weight(4 * width, width)}

    p = {"token": weight(kinds, width), "position": weight(length, width), "blocks": [block() for _ in range(layers)],
         "g": jnp.ones(width), "b": jnp.zeros(width), "head": weight(width, kinds)}

    def predict(p, s, x, key):
        h = p["token"][x] + p["position"]
        for b in p["blocks"]:
            q, k, v = jnp.split(product(normalize(h, b["g1"]), b["qkv"]), 3, -1)
            q, k, v = operands(*(t.reshape(*t.shape[:2], heads, -1) for t in (q, k, v)))
            y = jax.nn.dot_product_attention(q, k, v, is_causal=True).astype(jnp.float32)
            h = h + product(y.reshape(h.shape), b["out"])
            h = h + product(jax.nn.gelu(product(normalize(h, b["g2"]), b["up"]), approximate=False), b["down"])
        return product(normalize(h, p["g"]) + p["b"], p["head"]), s

    return p, {}, tokens(kinds, batch, length), predict, "adamw"


def gpt_cpu():
    return gpt(65, 64, 4, 4, 128, 12)


def gpt_baby():
    return gpt(65, 256, 6, 6, 384, 16)


def lstm_ptb(kinds=10000, width=200, batch=20, length=20):
    def layer():
        return {"x": weight(width, 4 * width), "h": weight(width, 4 * width), "bx": jnp.zeros(4 * width),
                "bh": jnp.zeros(4 * width)}

    p = {"embedding": weight(kinds, width), "layers": [layer(), layer()], "head": linear(width, kinds)}

    def predict(p, s, x, key):
        sequence = p["embedding"][x].swapaxes(0, 1)
        for w in p["layers"]:
            def cell(state, gates, w=w):
                h, c = state
                i, f, g, o = jnp.split(gates + product(h, w["h"]) + w["bh"], 4, -1)
                c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
                return (h, c), h

            zero = jnp.zeros((x.shape[0], width))
            _, sequence = lax.scan(cell, (zero, zero), product(sequence, w["x"]) + w["bx"])
        return apply_linear(p["head"], sequence.swapaxes(0, 1)), s

    return p, {}, tokens(kinds, batch, length), predict, "sgd"


def update(name, p, g, m, v, t):
    """One parameter's new value and states, as PyTorch's optimizer of the name makes them."""
    if name == "sgd":
        return p - g, m, v
    if name == "momentum":
        m = 0.9 * m + g + 1e-4 * p
        return p - 0.1 * m, m, v
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    if name == "adamw":
        p = p * (1 - 1e-3 * 0.1)
    return p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


WORKLOADS = {f.__name__: f for f in (mlp, lenet, cnn, tabular, resnet20, resnet18, gpt_cpu, gpt_baby, lstm_ptb)}


def main():
    p, s, (x, y), predict, optimizer = WORKLOADS[sys.argv[1]]()

    def loss(p, s, x, y, key):
        prediction, s = predict(p, s, x, key)
        told = jax.nn.log_softmax(prediction.reshape(-1, prediction.shape[-1]))
        return -jnp.take_along_axis(told, y.reshape(-1, 1), 1).mean(), s

    def step(p, s, m, v, t, x, y):
        t = t + 1
        (value, s), g = jax.value_and_grad(loss, has_aux=True)(p, s, x, y, jax.random.key(t))
        new = jax.tree.map(lambda *a: update(optimizer, *a, t.astype(jnp.float32)), p, g, m, v)
        p, m, v = (jax.tree.map(lambda _, n: n[i], p, new) for i in range(3))
        return p, s, m, v, t, value

    step = jax.jit(step, donate_argnums=(0, 1, 2, 3))
    x, y = jnp.asarray(x), jnp.asarray(y)
    # An optimizer without a state carries scalars.
    slots = {"sgd": 0, "momentum": 1}.get(optimizer, 2)
    m, v = (jax.tree.map(lambda w: jnp.zeros_like(w) if slots > i else jnp.zeros(()), p) for i in range(2))
    state = [p, s, m, v, jnp.int32(0)]

    def run():
        *state[:], value = step(*state, x, y)
        value.block_until_ready()

    clock.serve(run, sum(w.size for w in jax.tree.leaves(p)), "JAX " + jax.__version__)


main()
