# Pooling of random sizes beside torch.nn's.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, layer
from torch import nn
from torch.nn import functional as F


class Function(nn.Module):
    def __init__(self, of):
        super().__init__()
        self.of = of

    def forward(self, x):
        return self.of(x)


def text(numbers):
    return str(numbers[0]) if len(numbers) == 1 else "[" + ", ".join(str(n) for n in numbers) + "]"


def keyed(name, **keys):
    def word(v):
        return str(v).lower() if isinstance(v, bool) else v
    return f"{name}: {{{', '.join(f'{k}: {word(v)}' for k, v in keys.items())}}}"


def drawn(rank, most):
    """A shape, and a window that fits it."""
    while True:
        sizes = [chance.randint(2, {1: 8, 2: 5, 3: 4}[rank]) for _ in range(rank)]
        kernel = [chance.randint(1, min(3, s)) for s in sizes]
        stride = [chance.randint(1, 3) for _ in sizes]
        padding = [chance.randint(0, k // 2) for k in kernel]
        if torch.Size(sizes).numel() <= most:
            return (chance.randint(1, 2), *sizes, chance.randint(1, 2)), kernel, stride, padding


for rank in (1, 2, 3):
    max_pool, avg_pool, lp_pool = (getattr(nn, f"{kind}Pool{rank}d") for kind in ("Max", "Avg", "LP"))
    for _ in range(20):
        shape, kernel, stride, padding = drawn(rank, 24)
        ceil, count = chance.random() < 0.5, chance.random() < 0.5
        dilation = [chance.choice((1, 2)) if 2 * (k - 1) < s else 1 for k, s in zip(kernel, shape[1:])]
        keys = dict(kernel_size=text(kernel), stride=text(stride), ceil_mode=ceil)
        layer(keyed(f"max_pool{rank}d", **keys, padding=text(padding), dilation=text(dilation)),
              max_pool(kernel, stride, padding, dilation, ceil_mode=ceil), shape, sequences=True)
        if rank > 1 and chance.random() < 0.3:
            layer(keyed(f"avg_pool{rank}d", **keys, padding=text(padding), divisor_override=3),
                  avg_pool(kernel, stride, padding, ceil, divisor_override=3), shape, sequences=True)
        else:
            layer(keyed(f"avg_pool{rank}d", **keys, padding=text(padding), count_include_pad=count),
                  avg_pool(kernel, stride, padding, ceil, count), shape, sequences=True)
        norm = chance.choice((1, 2, 3))
        positive = dict(low=0.25)  # where the sum is 0 PyTorch has no slope, NaN or 0
        layer(keyed(f"lp_pool{rank}d", **keys, norm_type=norm), lp_pool(norm, *(t[0] if rank == 1 else t for t in (kernel, stride)), ceil), shape, sequences=True, **positive)
        size = [chance.randint(1, s + 1) for s in shape[1:-1]]
        layer(f"adaptive_avg_pool{rank}d: {text(size)}", getattr(nn, f"AdaptiveAvgPool{rank}d")(size), shape, sequences=True)
        layer(f"adaptive_max_pool{rank}d: {text(size)}", getattr(nn, f"AdaptiveMaxPool{rank}d")(size), shape, sequences=True)
        keep = chance.random() < 0.5
        places = tuple(range(2, rank + 2))
        layer(keyed(f"global_avg_pool{rank}d", keepdim=keep), Function(lambda x: x.mean(places, keepdim=keep)), shape, sequences=True)
        layer(keyed(f"global_max_pool{rank}d", keepdim=keep), Function(lambda x: x.amax(places, keepdim=keep)), shape, sequences=True)
        mode = chance.choice(("reflect", "replicate", "circular"))
        flat = [n for p in reversed(padding) for n in (p, p)]
        layer(keyed(f"avg_pool{rank}d", kernel_size=text(kernel), stride=text(stride), padding=text(padding), padding_mode=mode),
              Function(lambda x: avg_pool(kernel, stride)(F.pad(x, flat, mode=mode))), shape, sequences=True)
