#!/usr/bin/env python3
# PyTorch's side of benchmark/predict: one network's prediction of a batch in one mode, run as clock.py says; or the
# same network written as an ONNX file, for onnx_predict.py.
#
# usage: torch_predict.py WORKLOAD MODE THREADS BATCH
#        torch_predict.py WORKLOAD --onnx FILE BATCH     prints the number of parameters
# MODE: eager, or of compile, freezing (constants are folded; goes with compile), channels-last, joined by "+".
# A prediction is of probabilities, as dlcli's is: the networks end with a softmax.
# SPDX-License-Identifier: Apache-2.0

import sys

import torch
from torch import nn

import clock
import torch_runner


class Quickstart(nn.Sequential):
    """configs/quickstart.yaml."""

    def __init__(self):
        def block(inputs, outputs):
            return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
        super().__init__(*block(1, 32), *block(32, 64), nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Dropout(0.4),
                         nn.Linear(128, 10))


def quickstart(batch):
    return Quickstart(), torch.rand(batch, 1, 28, 28)


def resnet18(batch):
    return torch_runner.resnet18()[0], torch.rand(batch, 3, 224, 224)


def gpt_baby(batch):
    return torch_runner.gpt_baby()[0], torch.randint(65, (batch, 256))


WORKLOADS = {f.__name__: f for f in (quickstart, resnet18, gpt_baby)}


def main():
    workload, mode = sys.argv[1], sys.argv[2].split("+")
    torch.manual_seed(0)
    model, x = WORKLOADS[workload](int(sys.argv[4]))
    params = sum(p.numel() for p in model.parameters())
    model = nn.Sequential(model, nn.Softmax(-1)).eval()
    if mode == ["--onnx"]:
        torch.onnx.export(model, (x,), sys.argv[3], input_names=["x"], output_names=["y"], external_data=False, verbose=False)
        print(params)
        return
    torch.set_num_threads(int(sys.argv[3]))
    if "channels-last" in mode:
        model = model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    if "freezing" in mode:
        torch._inductor.config.freezing = True
    forward = torch.compile(model) if "compile" in mode else model
    with torch.inference_mode() if "compile" not in mode else torch.no_grad():  # frozen graphs refuse inference mode
        clock.serve(lambda: forward(x), params, "PyTorch " + torch.__version__)


if __name__ == "__main__":
    main()
