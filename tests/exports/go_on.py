#!/usr/bin/env python3
# Stops trainings of dlcli's half way and goes on with them in PyTorch and in Lightning from what is exported: the losses of
# the next steps must be those that dlcli has.
#
# usage: go_on.py DLCLI [WORD…]
# Needs torch, lightning, numpy and safetensors (scripts/setup torch). With WORDs only the cases whose names have one of them.
# Ends with 1 where a loss is more than 1e-4 of dlcli's off.
# SPDX-License-Identifier: Apache-2.0

import importlib
import json
import logging
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy
import torch

warnings.filterwarnings("ignore")
import lightning  # noqa: E402

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

SAMPLES, BATCH, EPOCHS_BEFORE, EPOCHS_AFTER = 80, 8, 3, 2
STEPS_AN_EPOCH = SAMPLES // BATCH
BEFORE, AFTER = EPOCHS_BEFORE * STEPS_AN_EPOCH, EPOCHS_AFTER * STEPS_AN_EPOCH
TOLERANCE = 1e-4

PERCEPTRON = "[linear: 16, batch_norm, tanh, {linear: 16, name: middle}, tanh, linear: 3]"
CONVOLUTIONS = "[{conv2d: {out_channels: 4, kernel_size: 3}, name: stem}, batch_norm, relu, global_avg_pool2d, linear: 3]"
ATTENTION = "[linear: 8, multi_head_attention: {num_heads: 2}, lstm: 6, flatten, linear: 3]"

# Optimizer, and what else the config has.
CASES = {
    "sgd": ("sgd: {lr: 0.1}", {}),
    "sgd-momentum": ("sgd: {lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 0.01}", {}),
    "sgd-dampening": ("sgd: {lr: 0.05, momentum: 0.9, dampening: 0.3}", {}),
    "adam": ("adam: {lr: 0.01, weight_decay: 0.01}", {}),
    "adam-amsgrad": ("adam: {lr: 0.01, amsgrad: true}", {}),
    "adam-images": ("adam: {lr: 0.01}", {"model": CONVOLUTIONS, "shape": (6, 6, 2)}),
    "adam-sequences": ("adam: {lr: 0.01}", {"model": ATTENTION, "shape": (5, 4)}),
    "adamw": ("adamw: {lr: 0.01, weight_decay: 0.1}", {}),
    "adamw-schedule": ("adamw: {lr: 0.01}", {"schedule": "{cosine: {warmup: 1 epoch}}"}),
    "adamw-frozen": ("adamw: {lr: 0.01}", {"freeze": "['0', '1']"}),
    "adamw-groups": ("adamw: {lr: 0.01, weight_decay: 0.1, groups: [{max_rank: 1, weight_decay: 0}, "
                     "{match: 'middle.*', lr_factor: 0.1}]}", {}),
    "rmsprop": ("rmsprop: {lr: 1e-3}", {}),
    "rmsprop-centered": ("rmsprop: {lr: 1e-3, momentum: 0.9, centered: true}", {}),
    "adagrad": ("adagrad: {lr: 0.05, lr_decay: 0.01}", {}),
    "nadam": ("nadam: {lr: 0.01}", {}),
    "radam": ("radam: {lr: 0.01}", {}),
    "adamax": ("adamax: {lr: 0.01}", {}),
    "adadelta": ("adadelta: {lr: 1.0}", {}),
    "asgd": ("asgd: {lr: 0.1, t0: 10, lambd: 0.01}", {}),
    "rprop": ("rprop: {lr: 1e-3}", {}),
}


def write_data(folder, shape):
    random = numpy.random.default_rng(0)
    x = random.standard_normal((SAMPLES, *shape)).astype(numpy.float32)
    y = (x.reshape(SAMPLES, -1)[:, :3] + 0.3 * random.standard_normal((SAMPLES, 3))).argmax(1)
    numpy.save(folder / "x.npy", x)
    numpy.save(folder / "y.npy", y.astype(numpy.int32))
    if len(shape) == 3:
        x = numpy.moveaxis(x, -1, 1).copy()
    return torch.from_numpy(x), torch.from_numpy(y)


def dlcli_losses(dlcli, folder, name, optimizer, model=PERCEPTRON, shape=None, **more):
    config = folder / f"{name}.yaml"
    lines = [f"data: {{train: {{format: npy, fields: {{x: x.npy, y: y.npy}}}}, batch_size: {BATCH}, shuffle: false}}",
             f"model: {model}", "loss: cross_entropy", f"optimizer: {{{optimizer}}}",
             *[f"{key}: {value}" for key, value in more.items()],
             f"trainer: {{max_epochs: {EPOCHS_BEFORE + EPOCHS_AFTER}, log_every_n_steps: 1, "
             "checkpoint: {every: 1 epoch, keep: 10}}"]
    config.write_text("\n".join(lines) + "\n")
    run(dlcli, folder, "train", config, "--quiet")
    [metrics] = folder.glob(f"runs/{name}-1/metrics.jsonl")
    records = map(json.loads, metrics.read_text().splitlines())
    losses = {r["step"]: r["train/loss"] for r in records if "train/loss" in r}
    return [losses[step] for step in range(BEFORE + 1, BEFORE + AFTER + 1)]


def run(dlcli, folder, *arguments):
    done = subprocess.run([dlcli, *map(str, arguments)], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


def imported(folder, module):
    """A module of an export's folder."""
    sys.path.insert(0, str(folder))
    for known in ("model", "lit_model"):
        sys.modules.pop(known, None)
    try:
        return importlib.import_module(module)
    finally:
        sys.path.pop(0)


def go_on(net, optimizer, schedule, x, y):
    net.train()
    losses = []
    for step in range(AFTER):
        rows = slice(step * BATCH % SAMPLES, step * BATCH % SAMPLES + BATCH)
        loss = torch.nn.functional.cross_entropy(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if schedule:
            schedule.step()
        losses.append(loss.item())
    return losses


def with_pytorch(folder, state, x, y):
    """From the module and the optimizer's state that `export --to pytorch` wrote."""
    net = imported(folder, "model").load()
    optimizer = getattr(torch.optim, state)(net.parameters(), lr=1)
    fresh = set(optimizer.param_groups[0])
    optimizer.load_state_dict(torch.load(folder / "optimizer.pt", weights_only=True))
    if not fresh <= set(optimizer.param_groups[0]):
        raise RuntimeError(f"keys that are missing: {fresh - set(optimizer.param_groups[0])}")
    names = [name for name, _ in net.named_parameters()]
    if optimizer.param_groups[0]["param_names"] != names:
        raise RuntimeError(f"the module has {names}, the state is of {optimizer.param_groups[0]['param_names']}")
    return go_on(net, optimizer, None, x, y)


def with_checkpoint(folder, path, state, factors, x, y):
    """From the checkpoint that `convert --all` wrote, in as many groups as it has."""
    checkpoint = torch.load(path, weights_only=True)
    net = imported(folder, "model").load()
    net.load_state_dict(checkpoint["model_state_dict"], strict=False)
    parameters = dict(net.named_parameters())
    groups = [{"params": [parameters[name] for name in group["param_names"]], "lr": 1}
              for group in checkpoint["optimizer_state_dict"]["param_groups"]]
    optimizer = getattr(torch.optim, state)(groups, lr=1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: factors[min(step, len(factors) - 1)])
    optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
    schedule.load_state_dict(checkpoint["scheduler_state_dict"])
    if checkpoint["step"] != BEFORE or checkpoint["epoch"] != EPOCHS_BEFORE:
        raise RuntimeError(f"step {checkpoint['step']}, epoch {checkpoint['epoch']}")
    return go_on(net, optimizer, schedule, x, y)


def with_lightning(folder, x, y):
    """From the module and the checkpoint that `export --to lightning` wrote, by Lightning's own loop."""
    losses = []

    class Noted(imported(folder, "lit_model").LitModel):
        def training_step(self, batch, batch_idx):
            loss = super().training_step(batch, batch_idx)
            losses.append(loss.item())
            return loss

        def validation_step(self, batch, batch_idx):
            pass

    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=BATCH)
    trainer = lightning.Trainer(max_epochs=EPOCHS_BEFORE + EPOCHS_AFTER, accelerator="cpu", logger=False,
                                enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(Noted(), batches, ckpt_path=folder / "last.ckpt")
    if trainer.global_step != BEFORE + AFTER:
        raise RuntimeError(f"ended at step {trainer.global_step}")
    return losses


def check(dlcli, folder, name):
    optimizer, more = CASES[name]
    more = {"shape": (7,), **more}
    x, y = write_data(folder, more["shape"])
    wanted = numpy.array(dlcli_losses(dlcli, folder, name, optimizer, **more))
    at = f"{name}-1", "--checkpoint", f"step-{BEFORE}"
    said = run(dlcli, folder, "convert", *at, "all.pt", "--all")
    state = said.split("the state of ")[1].strip()
    run(dlcli, folder, "export", *at, "--to", "pytorch", "-o", "pytorch")
    factors = [1.0]
    ways = {}
    if "groups" not in optimizer:
        run(dlcli, folder, "export", *at, "--to", "lightning", "-o", "lightning")
        factors = numpy.load(folder / "lightning" / "schedule.npz")["factors"]
        ways["Lightning"] = with_lightning(folder / "lightning", x, y)
        run(dlcli, folder, "convert", *at, "again.ckpt", "--prefix", "net.")
        if (folder / "again.ckpt").read_bytes() != (folder / "lightning" / "last.ckpt").read_bytes():
            raise RuntimeError("convert and export give different checkpoints")
    exported = (folder / "pytorch" / "optimizer.pt").exists()  # not beside an average of the weights
    if exported and "schedule" not in more and "freeze" not in more and "groups" not in optimizer:
        ways["PyTorch"] = with_pytorch(folder / "pytorch", state, x, y)
    if "freeze" not in more:
        ways["checkpoint"] = with_checkpoint(folder / "pytorch", folder / "all.pt", state, factors, x, y)
    worst = {way: numpy.abs(numpy.array(found) - wanted).max() / wanted.min() if len(found) == AFTER else numpy.inf
             for way, found in ways.items()}
    print(f"{name}: loss {wanted[0]:.4f} to {wanted[-1]:.4f}; off by " +
          ", ".join(f"{worst[way]:.1e} ({way})" for way in worst), flush=True)
    return max(worst.values()) <= TOLERANCE


def main():
    dlcli, words = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:]
    bad = []
    for name in CASES:
        if words and not any(word in name for word in words):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                if not check(dlcli, pathlib.Path(folder), name):
                    bad.append(name)
            except Exception as e:  # whatever a framework throws
                bad.append(name)
                print(f"{name}: {e}", flush=True)
    print("all as they should be" if not bad else f"not as they should be: {' '.join(bad)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
