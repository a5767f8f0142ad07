#!/usr/bin/env python3
# PyTorch's side of the benchmark: builds one workload in one mode, then takes steps for as many seconds as each line asks.
#
# usage: torch_runner.py WORKLOAD MODE THREADS
# Prints one JSON line when the first step is done and one for each line of standard input, which holds seconds.
# A step is forward, loss, backward and optimizer on one batch that lies in memory: the best case for PyTorch.

import json
import os
import resource
import sys
import time

import torch
from torch import nn


def images(batch, channels, size):
    return torch.randn(batch, channels, size, size), torch.randint(10, (batch,))


def mlp():
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    return model, images(128, 1, 28), adam


def lenet():
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
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


def resnet20():
    def conv(inputs, outputs, size, stride):
        return [nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)]

    layers = [*conv(3, 16, 3, 1), nn.ReLU()]
    inputs = 16
    for outputs, first_stride in ((16, 1), (32, 2), (64, 2)):
        for stride in (first_stride, 1, 1):
            inner = nn.Sequential(*conv(inputs, outputs, 3, stride), nn.ReLU(), *conv(outputs, outputs, 3, 1))
            same = stride == 1 and inputs == outputs
            layers.append(Residual(inner, nn.Identity() if same else nn.Sequential(*conv(inputs, outputs, 1, stride))))
            inputs = outputs
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    return model, images(128, 3, 32), sgd


def adam(parameters, **fused):
    return torch.optim.Adam(parameters, 1e-3, **fused)


def sgd(parameters, **fused):
    return torch.optim.SGD(parameters, 0.1, momentum=0.9, weight_decay=1e-4, **fused)


WORKLOADS = {"mlp": mlp, "lenet": lenet, "cnn": cnn, "resnet20": resnet20}


def seconds_since_start():
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def say(**values):
    print(json.dumps(values), flush=True)


def main():
    workload, mode, threads = sys.argv[1], sys.argv[2].split("+"), int(sys.argv[3])
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    model, (x, y), make_optimizer = WORKLOADS[workload]()
    if "channels-last" in mode:
        model = model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    optimizer = make_optimizer(model.parameters(), **({"fused": True} if "fused" in mode else {}))
    forward = torch.compile(model) if "compile" in mode else model

    def step():
        loss = nn.functional.cross_entropy(forward(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    step()
    say(first_step_s=seconds_since_start(), params=sum(p.numel() for p in model.parameters()), torch=torch.__version__)
    for line in sys.stdin:
        for _ in range(3):
            step()
        times = []
        end = time.perf_counter() + float(line)
        while time.perf_counter() < end or len(times) < 5:
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        times.sort()
        say(step_ms=times[len(times) // 2] * 1e3, min_ms=times[0] * 1e3, steps=len(times),
            rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


main()
