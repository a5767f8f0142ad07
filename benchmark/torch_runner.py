#!/usr/bin/env python3
# PyTorch's side of the benchmark: one workload in one mode, stepped as clock.py says.
#
# usage: torch_runner.py WORKLOAD MODE THREADS [DEVICE]
# MODE: eager, or of fused, compile, graphs (with compile: CUDA graphs), channels-last, bf16, joined by "+".
# DEVICE: cpu, or cuda; there f32 is f32 unless the mode has tf32.
# A step is forward, loss, backward and optimizer on one batch that lies in memory: the best case for PyTorch.
# SPDX-License-Identifier: Apache-2.0

import sys

import torch
from torch import nn
from torch.nn import functional as F

import clock
from torch_models import MODELS, images


def tokens(kinds, batch, length):
    return torch.randint(kinds, (batch, length)), torch.randint(kinds, (batch, length))


def dense(*widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(nn.Flatten(), *layers[:-1])


def adam(parameters, **fused):
    return torch.optim.Adam(parameters, 1e-3, **fused)


def adamw(parameters, **fused):
    return torch.optim.AdamW(parameters, 1e-3, weight_decay=0.1, **fused)


def momentum(parameters, **fused):
    return torch.optim.SGD(parameters, 0.1, momentum=0.9, weight_decay=1e-4, **fused)


def sgd(parameters, **fused):
    return torch.optim.SGD(parameters, 1.0, **fused)


def mlp():
    return dense(784, 512, 256, 10), images(128, 1, 28), adam


def tabular():
    return dense(14, 256, 256, 256, 2), (torch.randn(256, 14), torch.randint(2, (256,))), adam


def lenet():
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), dense(400, 120, 84, 10))
    return model, images(128, 1, 28), adam


def cnn():
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))
    return model, images(64, 1, 28), adam


class Residual(nn.Module):
    def __init__(self, inner, shortcut):
        super().__init__()
        self.inner, self.shortcut = inner, shortcut

    def forward(self, x):
        return torch.relu(self.inner(x) + self.shortcut(x))


def conv(inputs, outputs, size, stride):
    return [nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)]


def bottleneck(inputs, channels, stride):
    outputs = 4 * channels
    inner = nn.Sequential(*conv(inputs, channels, 1, 1), nn.ReLU(), *conv(channels, channels, 3, stride), nn.ReLU(),
                          *conv(channels, outputs, 1, 1))
    same = stride == 1 and inputs == outputs
    return Residual(inner, nn.Identity() if same else nn.Sequential(*conv(inputs, outputs, 1, stride)))


def resnet50():
    layers, inputs = [*conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for channels, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            layers.append(bottleneck(inputs, channels, 2 if block == 0 and channels > 64 else 1))
            inputs = 4 * channels
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 1000))
    return model, images(64, 3, 224, 1000), momentum


def resnet(stem, widths, blocks, classes):
    layers, inputs = stem, widths[0]
    for outputs in widths:
        for block in range(blocks):
            stride = 2 if block == 0 and outputs != widths[0] else 1
            inner = nn.Sequential(*conv(inputs, outputs, 3, stride), nn.ReLU(), *conv(outputs, outputs, 3, 1))
            same = stride == 1 and inputs == outputs
            layers.append(Residual(inner, nn.Identity() if same else nn.Sequential(*conv(inputs, outputs, 1, stride))))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def resnet20():
    return resnet([*conv(3, 16, 3, 1), nn.ReLU()], (16, 32, 64), 3, 10), images(128, 3, 32), momentum


def resnet18():
    stem = [*conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return resnet(stem, (64, 128, 256, 512), 2, 1000), images(16, 3, 224, 1000), momentum


class TransformerBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, kinds, length, layers, heads, width, tied=False):
        super().__init__()
        self.token, self.position = nn.Embedding(kinds, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(TransformerBlock(width, heads) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width, bias=not tied), nn.Linear(width, kinds, bias=False)
        if tied:
            nn.init.normal_(self.token.weight, std=0.02)
            self.head.weight = self.token.weight

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.token(x) + self.position.weight[: x.shape[1]])))


def gpt_cpu():
    return GPT(65, 64, 4, 4, 128), tokens(65, 12, 64), adamw


def gpt_baby():
    return GPT(65, 256, 6, 6, 384), tokens(65, 16, 256), adamw


def gpt2():
    return GPT(50304, 1024, 12, 12, 768, tied=True), tokens(50304, 8, 1024), adamw


class LanguageModel(nn.Module):
    def __init__(self, kinds, width):
        super().__init__()
        self.embedding, self.head = nn.Embedding(kinds, width), nn.Linear(width, kinds)
        self.lstm = nn.LSTM(width, width, num_layers=2, batch_first=True)

    def forward(self, x):
        return self.head(self.lstm(self.embedding(x))[0])


def lstm_ptb():
    return LanguageModel(10000, 200), tokens(10000, 20, 20), sgd


WORKLOADS = {f.__name__: f for f in (
    mlp, lenet, cnn, tabular, resnet20, resnet18, resnet50, gpt_cpu, gpt_baby, gpt2, lstm_ptb)}
WORKLOADS |= {name: lambda make=make: (*make(), momentum) for name, make in MODELS.items()}


def main():
    workload, mode, threads = sys.argv[1], sys.argv[2].split("+"), int(sys.argv[3])
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    device = sys.argv[4] if len(sys.argv) > 4 else "cpu"
    torch.set_float32_matmul_precision("high" if "tf32" in mode else "highest")
    torch.backends.cudnn.allow_tf32 = "tf32" in mode
    torch.backends.cudnn.benchmark = True
    model, (x, y), make_optimizer = WORKLOADS[workload]()
    model, x, y = model.to(device), x.to(device), y.to(device)
    if "channels-last" in mode:
        model = model.to(memory_format=torch.channels_last)
        x, y = (t.contiguous(memory_format=torch.channels_last) if t.dim() == 4 else t for t in (x, y))
    optimizer = make_optimizer(model.parameters(), **({"fused": True} if "fused" in mode else {}))
    forward = torch.compile(model, mode="reduce-overhead" if "graphs" in mode else None) if "compile" in mode else model

    def step():
        with torch.autocast(device, torch.bfloat16, enabled="bf16" in mode):
            prediction = forward(x)
            loss = (F.mse_loss(prediction, y) if y.is_floating_point()
                    else F.cross_entropy(prediction.flatten(0, -2), y.flatten()))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    clock.serve(step, sum(p.numel() for p in model.parameters()), "PyTorch " + torch.__version__,
                (lambda: torch.cuda.max_memory_allocated() / 2**20) if device == "cuda" else clock.peak_mb)


if __name__ == "__main__":
    main()
