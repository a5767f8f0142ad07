#!/usr/bin/env python3
# Trains LeNet-5, ResNet-20, an LSTM, a GPT and a network on a table with PyTorch and with dlcli from the same weights on the
# same batches and compares the losses.
#
# usage: follow_pytorch.py DLCLI [STEPS]
# Needs torch, numpy and safetensors (scripts/setup torch) and Fashion-MNIST. Ends with 1 where a loss is too far off: more
# than 1e-4 of PyTorch's over the first 20 steps; after them, where rounding has grown, 5 % over the mean of 20 steps.
# SPDX-License-Identifier: Apache-2.0

import gzip
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

TOP = pathlib.Path(__file__).resolve().parents[2]
FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")
FIRST, FIRST_TOLERANCE, WINDOW, CURVE_TOLERANCE = 20, 1e-4, 20, 0.05


def read_idx(name, count):
    data = gzip.open(FASHION_MNIST / name).read()
    sizes = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * data[3]).reshape(sizes)[:count]


def write_idx(path, values):
    header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(header + numpy.ascontiguousarray(values).tobytes())


def grey(images):
    return images[..., None]


def three_channels(images):
    """Images of 32×32 with three different channels."""
    padded = numpy.pad(images, ((0, 0), (2, 2), (2, 2)))
    return numpy.stack([padded, padded[:, :, ::-1], padded.transpose(0, 2, 1)], axis=-1)


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


class Block(nn.Module):
    """A block of configs/models/resnet20.yaml: its layers have the names they have there, so that parameters do too."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.inner = {
            "0": nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), "1": nn.BatchNorm2d(outputs), "2": nn.ReLU(),
            "3": nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), "main": nn.BatchNorm2d(outputs)}
        self.outer = {} if stride == 1 else {
            "5": nn.Conv2d(inputs, outputs, 1, stride, bias=False), "shortcut": nn.BatchNorm2d(outputs)}
        for name, layer in (self.inner | self.outer).items():
            self.add_module(name, layer)

    def forward(self, x):
        y = x
        for layer in self.inner.values():
            y = layer(y)
        for layer in self.outer.values():
            x = layer(x)
        return torch.relu(y + x)


def resnet20():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Sequential(*[Block(16, 16, 1) for _ in range(3)]),
        Block(16, 32, 2), nn.Sequential(*[Block(32, 32, 1) for _ in range(2)]),
        Block(32, 64, 2), nn.Sequential(*[Block(64, 64, 1) for _ in range(2)]),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


# The linear layer is item 9 in YAML, where global pooling flattens by itself, and item 10 here.
RENAMED = {"resnet20": {"10.weight": "9.weight", "10.bias": "9.bias"}}


class Language(nn.Sequential):
    """An embedding, two layers of an LSTM and a linear layer: items 0, 1 and 2 here as in YAML."""

    def forward(self, x):
        return self[2](self[1](self[0](x))[0])


def lstm():
    return Language(nn.Embedding(VOCABULARY, 64), nn.LSTM(64, 64, 2, batch_first=True), nn.Linear(64, VOCABULARY))


class GptBlock(nn.Module):
    """A block of configs/models/gpt.yaml: its layers have the numbers they have there."""

    def __init__(self):
        super().__init__()
        self.add_module("0", nn.LayerNorm(WIDTH, bias=False))
        self.add_module("1", nn.MultiheadAttention(WIDTH, HEADS, bias=False, batch_first=True))
        self.add_module("4", nn.LayerNorm(WIDTH, bias=False))
        self.add_module("5", nn.Linear(WIDTH, 4 * WIDTH, bias=False))
        self.add_module("7", nn.Linear(4 * WIDTH, WIDTH, bias=False))

    def forward(self, x):
        norm1, attention, norm2, widen, narrow = self.children()
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        normal = norm1(x)
        x = x + attention(normal, normal, normal, need_weights=False, attn_mask=later)[0]
        return x + narrow(functional.gelu(widen(norm2(x))))


class Gpt(nn.Sequential):
    """The network of configs/bench/gpt_cpu.yaml: items 0 to 4 here as there."""

    def __init__(self):
        super().__init__(nn.Embedding(CHARACTERS, WIDTH), nn.Embedding(CONTEXT, WIDTH),
                         nn.Sequential(*[GptBlock() for _ in range(BLOCKS)]), nn.LayerNorm(WIDTH),
                         nn.Linear(WIDTH, CHARACTERS, bias=False))

    def forward(self, x):
        return self[4](self[3](self[2](self[0](x) + self[1].weight)))


CHARACTERS, CONTEXT, BLOCKS, HEADS, WIDTH = 65, 64, 4, 4, 128
GPT_YAML = f"""
  - embedding: {{num_embeddings: {CHARACTERS}, embedding_dim: {WIDTH}}}
  - positional_embedding
  - gpt_block: {{width: {WIDTH}, heads: {HEADS}}}
    repeat: {BLOCKS}
  - layer_norm
  - linear: {{out_features: {CHARACTERS}, bias: false}}
blocks: {TOP}/configs/models/gpt.yaml
"""


def tabular():
    return nn.Sequential(nn.Linear(14, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(),
                         nn.Linear(256, 2))


TABULAR_YAML = "[linear: 256, relu, linear: 256, relu, linear: 256, relu, linear: 2]"

VOCABULARY, LENGTH = 3000, 20
LSTM_YAML = f"""
  - embedding: {{num_embeddings: {VOCABULARY}, embedding_dim: 64}}
  - lstm: {{hidden_size: 64, num_layers: 2}}
  - linear: {VOCABULARY}
"""


def pictures(prepare):
    """Fashion-MNIST: writes it into a folder; the YAML of it; inputs and targets."""
    def write(folder, samples):
        images = prepare(read_idx("train-images-idx3-ubyte.gz", samples))
        labels = read_idx("train-labels-idx1-ubyte.gz", samples)
        write_idx(folder / "images", images)
        write_idx(folder / "labels", labels)
        x = torch.from_numpy(images.astype(numpy.float32) / 255).permute(0, 3, 1, 2)
        return (f"{{format: idx, images: {folder}/images, labels: {folder}/labels}}", x,
                torch.from_numpy(labels.astype(numpy.int64)))
    return write


def table(folder, samples):
    """Fourteen numbers a row, and whether a curved function of them is above 0: written as text, read as it stands."""
    random = numpy.random.default_rng(0)
    x = random.standard_normal((samples, 14)).astype(numpy.float32)
    y = (numpy.sin(x @ random.standard_normal((14, 6))).sum(1) > 0).astype(int)
    rows = [",".join([*(f"x{i}" for i in range(14)), "y"])]
    rows += [",".join([*map(str, values), str(label)]) for values, label in zip(x, y)]
    (folder / "table.csv").write_text("\n".join(rows) + "\n")
    return (f"{{format: csv, path: {folder}/table.csv, target: {{column: y, as: class}}, normalize: none}}",
            torch.from_numpy(x), torch.from_numpy(y))


def sequences(vocabulary, length, write_text):
    """A text of so many tokens: writes it into a folder; the YAML of it; inputs and targets."""
    def write(folder, samples):
        text = write_text(samples * length + 1)
        text.astype("<u2").tofile(folder / "tokens")
        x, y = (torch.from_numpy(part.astype(numpy.int64)).reshape(samples, length) for part in (text[:-1], text[1:]))
        return f"{{format: tokens, path: {folder}/tokens, vocabulary: {vocabulary}, length: {length}}}", x, y
    return write


def words(count):
    """A language in which one of three words follows each, so that there is something to learn."""
    random = numpy.random.default_rng(0)
    follows = (VOCABULARY * random.random((VOCABULARY, 3)) ** 6).astype(int)  # few words are frequent
    text = [0]
    for choice in random.integers(3, size=count - 1):
        text.append(follows[text[-1], choice])
    return numpy.array(text)


def characters(count):
    """A walk: one of four neighbours follows each."""
    return numpy.random.default_rng(0).integers(4, size=count).cumsum() * 7 % CHARACTERS


# ResNet-20 takes small steps: at its usual learning rate of 0.1 rounding grows a hundredfold in a few steps, and PyTorch
# with one thread does not follow PyTorch with two.
CASES = {
    "lenet5": (lenet5, f"{TOP}/configs/models/lenet5.yaml", pictures(grey), 128, "adam: {lr: 1e-3}",
               lambda p: torch.optim.Adam(p, 1e-3)),
    "resnet20": (resnet20, f"{TOP}/configs/models/resnet20.yaml", pictures(three_channels), 128,
                 "sgd: {lr: 1e-4, momentum: 0.9, weight_decay: 1e-4}",
                 lambda p: torch.optim.SGD(p, 1e-4, momentum=0.9, weight_decay=1e-4)),
    "lstm": (lstm, LSTM_YAML, sequences(VOCABULARY, LENGTH, words), 20, "sgd: {lr: 1.0}", lambda p: torch.optim.SGD(p, 1.0)),
    "gpt_cpu": (Gpt, GPT_YAML, sequences(CHARACTERS, CONTEXT, characters), 12, "adamw: {lr: 1e-3, weight_decay: 0.1}",
                lambda p: torch.optim.AdamW(p, 1e-3, weight_decay=0.1)),
    "tabular": (tabular, TABULAR_YAML, table, 256, "adam: {lr: 1e-3}", lambda p: torch.optim.Adam(p, 1e-3)),
}


def train_pytorch(model, optimizer, x, y, batch):
    losses = []
    for begin in range(0, len(x), batch):
        prediction = model(x[begin:begin + batch])
        loss = nn.functional.cross_entropy(prediction.flatten(0, -2), y[begin:begin + batch].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def train_dlcli(dlcli, folder, name, data, model, batch, optimizer, steps):
    config = folder / f"{name}.yaml"
    config.write_text(f"""\
data:
  train: {data}
  batch_size: {batch}
  shuffle: false
model: {model}
init_from: {folder}/initial.safetensors
loss: cross_entropy
optimizer: {{{optimizer}}}
trainer: {{max_steps: {steps}, log_every_n_steps: 1}}
""")
    subprocess.run([dlcli, "train", config, "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    [metrics] = folder.glob("runs/*/metrics.jsonl")
    records = map(json.loads, metrics.read_text().splitlines())
    losses = {r["step"]: r["train/loss"] for r in records if "train/loss" in r}
    return [losses[step] for step in range(1, steps + 1)]


def compare(name, theirs, ours):
    theirs, ours = numpy.array(theirs), numpy.array(ours)
    first = numpy.max(numpy.abs(ours - theirs)[:FIRST] / theirs[:FIRST])
    windows = len(theirs) // WINDOW
    means = [losses[:windows * WINDOW].reshape(windows, WINDOW).mean(1) for losses in (theirs, ours)]
    curve = numpy.max(numpy.abs(means[1] - means[0]) / means[0])
    print(f"{name}: loss {theirs[0]:.4f} to {theirs[-1]:.4f} in {len(theirs)} steps (dlcli {ours[-1]:.4f}); largest difference "
          f"{first:.1e} of it over the first {FIRST}, {curve:.1e} over the means of {WINDOW}")
    return first <= FIRST_TOLERANCE and curve <= CURVE_TOLERANCE


def main():
    dlcli, steps = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    good = True
    for name, (make_model, model_yaml, write_data, batch, optimizer_yaml, make_optimizer) in CASES.items():
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary)
            torch.manual_seed(0)
            model = make_model()
            data, x, y = write_data(folder, steps * batch)
            names = RENAMED.get(name, {})
            save_file({names.get(key, key): value for key, value in model.state_dict().items()
                       if not key.endswith("num_batches_tracked")}, folder / "initial.safetensors")
            ours = train_dlcli(dlcli, folder, name, data, model_yaml, batch, optimizer_yaml, steps)
            theirs = train_pytorch(model, make_optimizer(model.parameters()), x, y, batch)
            good = compare(name, theirs, ours) and good
    sys.exit(0 if good else 1)


main()
