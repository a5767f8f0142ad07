#!/usr/bin/env python3
# PyTorch's side of benchmark/kernels: measures what lines of standard input ask for, as benchmark/kernels.cpp says, on
# the number of threads that is its argument. A convolution's line may end in "channels-last".
#
# Products are torch.mm into memory that is there, of views where a factor is transposed: MKL or oneDNN, as PyTorch has it.
# SPDX-License-Identifier: Apache-2.0

import json
import math
import sys
import time

import torch
from torch.nn import functional as F


def measure(run, seconds):
    run()
    once = time.perf_counter()
    run()
    calls = int(1 + 50e-6 / (time.perf_counter() - once))
    samples, begin = [], time.perf_counter()
    while len(samples) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        for _ in range(calls):
            run()
        samples.append(1e3 * (time.perf_counter() - start) / calls)
    samples.sort()
    return {"ms": samples[len(samples) // 2], "min_ms": samples[0]}


def numbers(*shape):
    return torch.rand(*shape) - 0.5


def matmul(m, n, k, transpose_a, transpose_b):
    a = numbers(k, m).t() if transpose_a == "1" else numbers(m, k)
    b = numbers(n, k).t() if transpose_b == "1" else numbers(k, n)
    c = numbers(m, n)
    return lambda: torch.mm(a, b, out=c)


def attention(batch, length, heads, head_dim, causal, direction):
    shape = (batch, heads, length, head_dim)
    q, k, v = (numbers(*shape).requires_grad_(direction == "backward") for _ in range(3))
    forward = lambda: F.scaled_dot_product_attention(q, k, v, is_causal=causal == "1")
    if direction == "forward":
        return forward
    y, dy = forward(), numbers(*shape)
    return lambda: torch.autograd.grad(y, (q, k, v), dy, retain_graph=True)


def convolution(n, h, w, c, out, size, stride, pad, direction, layout=""):
    form = torch.channels_last if layout else torch.contiguous_format
    x = numbers(n, c, h, w).contiguous(memory_format=form)
    weight = (numbers(out, c, size, size) / math.sqrt(c)).contiguous(memory_format=form)
    forward = lambda: F.conv2d(x, weight, stride=stride, padding=pad)
    if direction == "forward":
        return forward
    dy = numbers(*forward().shape).contiguous(memory_format=form)
    wanted = [direction == "input", direction == "weight", False]
    return lambda: torch.ops.aten.convolution_backward(
        dy, x, weight, None, [stride, stride], [pad, pad], [1, 1], False, [0, 0], 1, wanted)


def answer(words):
    kind, rest = words[0], words[1:]
    layout = [rest.pop()] if rest[-1] == "channels-last" else []
    seconds = float(rest.pop())
    if kind == "matmul":
        run = matmul(*(int(w) for w in rest[1:4]), *rest[4:])
    elif kind == "attention":
        run = attention(*(int(w) for w in rest[:4]), *rest[4:])
    else:
        run = convolution(*(int(w) for w in rest[:8]), *rest[8:], *layout)
    if kind == "attention":
        return measure(run, seconds)
    with torch.inference_mode():
        return measure(run, seconds)


def main():
    torch.set_num_threads(int(sys.argv[1]))
    print(json.dumps({"version": "PyTorch " + torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(line.split())), flush=True)


main()
