#!/usr/bin/env python3
# PyTorch's side of the measurement of input: torchvision's ImageFolder and transforms, a DataLoader with workers, one
# epoch of a small network, as its users write it.
#
# usage: torch_input.py cnn|linear FOLDER BATCH THREADS
# SPDX-License-Identifier: Apache-2.0

import json
import sys
import time

import torch
import torchvision
from torch import nn
from torchvision.transforms import v2

NETS = {
    "cnn": lambda: nn.Sequential(
        nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(),
        nn.Conv2d(64, 128, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)),
    "linear": lambda: nn.Sequential(nn.Flatten(), nn.Linear(64 * 64 * 3, 10)),
}


def main():
    name, folder, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    transform = v2.Compose([
        v2.RandomResizedCrop(64, antialias=True), v2.RandomHorizontalFlip(), v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.46] * 3, [0.2] * 3)])
    data = torchvision.datasets.ImageFolder(folder, transform)
    loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, num_workers=threads, prefetch_factor=4)
    net = NETS[name]()
    optimizer = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9)
    begin = time.perf_counter()
    waited = 0.0
    batches = iter(loader)
    while True:
        asked = time.perf_counter()
        x, y = next(batches, (None, None))
        waited += time.perf_counter() - asked
        if x is None:
            break
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    seconds = time.perf_counter() - begin
    print(json.dumps({"samples_per_s": len(data) / seconds, "input_wait": waited / seconds,
                      "versions": [f"PyTorch {torch.__version__}", f"torchvision {torchvision.__version__}"]}))


if __name__ == "__main__":  # workers may import this file
    main()
