#!/usr/bin/env python3
# Gives the networks of configs/models torchvision's weights of the same network, read from the .pt of its state_dict as it
# stands, and compares what both make of the same images.
#
# usage: torchvision_models.py DLCLI [WORD…]
# Needs torch, torchvision and numpy (scripts/setup torch). With WORDs only those whose names have one of them. Ends with 1
# where numbers of parameters differ or an output is more than 1e-4 of the largest off torchvision's in f64, and more than three
# times what torchvision's own in f32 are off.
# SPDX-License-Identifier: Apache-2.0

import pathlib
import re
import subprocess
import sys
import tempfile

import numpy
import torch
import torchvision
from torchvision.models import segmentation

TOP = pathlib.Path(__file__).resolve().parents[2]
TOLERANCE = 1e-4  # of the largest output

# Of configs/models, its name in torchvision and the height and width of the images.
NETWORKS = {
    "alexnet": ("alexnet", 96), "vgg11": ("vgg11", 32), "vgg11_bn": ("vgg11_bn", 64), "vgg16": ("vgg16", 32),
    "vgg16_bn": ("vgg16_bn", 64), "resnet18": ("resnet18", 224), "resnet34": ("resnet34", 64), "resnet50": ("resnet50", 224),
    "resnet101": ("resnet101", 64), "resnext50": ("resnext50_32x4d", 64), "wide_resnet50": ("wide_resnet50_2", 64),
    "densenet121": ("densenet121", 96), "squeezenet": ("squeezenet1_1", 96), "mobilenet_v2": ("mobilenet_v2", 96),
    "mobilenet_v3_large": ("mobilenet_v3_large", 96), "shufflenet_v2": ("shufflenet_v2_x1_0", 96),
    "efficientnet_b0": ("efficientnet_b0", 96), "convnext_tiny": ("convnext_tiny", 96), "swin_tiny": ("swin_t", 224),
    "vit_b_16": ("vit_b_16", 224), "fcn_resnet50": ("fcn_resnet50", 64),
}
CLASSES = {"fcn_resnet50": 21}


def made(name, size):
    """torchvision's, with other weights and running statistics than the first ones: these are 0 and 1 too often."""
    if name == "fcn_resnet50":
        model = segmentation.fcn_resnet50(weights=None, weights_backbone=None, num_classes=CLASSES[name], aux_loss=False)
    else:
        model = getattr(torchvision.models, name)(weights=None)
    with torch.no_grad():
        for p in model.parameters():
            if p.numel() < 2 or p.std() < 1e-5:
                p.mul_(0).add_(0.1 * torch.randn_like(p)) if p.abs().max() < 1e-5 else p.add_(0.1 * torch.randn_like(p))
        norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        for norm in norms:
            norm.momentum = 1
        model.train()(torch.randn(8, 3, size, size))  # statistics that keep the signal alive, and others near them
        for norm in norms:
            norm.running_mean += 0.02 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean)
            norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.9, 1.1)
    return model.eval()


def ours(dlcli, folder, name, size, classes):
    """What dlcli makes of images that it draws, with the weights of weights.pt; and the images."""
    config = folder / "run.yaml"
    config.write_text(f"data: {{train: {{format: random, shape: [{size}, {size}, 3], dtype: f32, samples: 4, classes: {classes}}}, "
                      f"batch_size: 2}}\nmodel: {TOP}/configs/models/{name}.yaml\ninit_from: weights.pt\n"
                      "loss: {mse: {target: 0.5}}\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1}\n")
    done = subprocess.run([dlcli, "export", config, "--untrained", "--to", "numpy", "-o", folder / "out"], cwd=folder,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    expected = numpy.load(folder / "out" / "expected.npz")
    [images] = [expected[key] for key in expected.files if key != "output"]
    return expected["output"], torch.from_numpy(images).permute(0, 3, 1, 2)


def count_of(dlcli, folder):
    """Of the parameters of the config that ours() has written."""
    text = subprocess.run([dlcli, "check", folder / "run.yaml"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"([\d,]+) parameters", text).group(1).replace(",", ""))


def outputs_of(model, images):
    with torch.no_grad():
        outputs = model(images)
    return (outputs["out"].permute(0, 2, 3, 1) if isinstance(outputs, dict) else outputs).numpy()


def compare(dlcli, name):
    theirs, size = NETWORKS[name]
    model, classes = made(theirs, size), CLASSES.get(name, 1000)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        torch.save(model.state_dict(), folder / "weights.pt")
        output, images = ours(dlcli, folder, name, size, classes)
        count = count_of(dlcli, folder)
    rounded = outputs_of(model, images)
    wanted = outputs_of(model.double(), images.double())
    parameters = sum(p.numel() for p in model.parameters())
    spread, difference = abs(wanted).max(), abs(output - wanted).max()
    tolerance = max(TOLERANCE * spread, 3 * abs(rounded - wanted).max())  # what PyTorch loses in f32, where that is more
    between = abs(wanted - wanted.mean(0)).max() / spread  # of images: near 0 where all die on the way
    good = count == parameters and difference <= tolerance and between > 1e-3
    print(f"{name}: {count:,} parameters, torchvision's {theirs} {parameters:,}; outputs up to {spread:.3g} differ by "
          f"{difference / spread:.1e} of that, images by {between:.1e}{'' if good else ' (WRONG)'}", flush=True)
    return good


def main():
    dlcli, words = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    good = True
    for name in NETWORKS:
        if words and not any(word in name for word in words):
            continue
        torch.manual_seed(0)
        try:
            good = compare(dlcli, name) and good
        except RuntimeError as e:
            good = False
            print(f"{name}: {e}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
