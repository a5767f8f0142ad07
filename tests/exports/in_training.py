#!/usr/bin/env python3
# What exported modules of Keras and Flax give while they are trained, with the statistics of a batch: the loss must be that
# of dlcli's first step, and the running averages behind it those that dlcli has.
#
# usage: in_training.py DLCLI
# Needs numpy, keras and flax (scripts/setup jax). Ends with 1 where something is off. PyTorch's modules: go_on.py.
# SPDX-License-Identifier: Apache-2.0

import importlib.util
import json
import pathlib
import sys
import tempfile

import numpy
from networks import run

SAMPLES = 16
TOLERANCE = 1e-5
# A model of three classes, what it takes, and of running averages the momentum and how many values each is of.
CASES = {
    "batch_norm of features": ("[{linear: 8}, batch_norm, tanh, {linear: 3}]", (7,), 0.1, SAMPLES),
    "batch_norm of images": ("[{conv2d: {out_channels: 4, kernel_size: 3}}, batch_norm, relu, global_avg_pool2d, {linear: 3}]",
                             (6, 6, 2), 0.1, SAMPLES * 16),
    "batch_norm with another momentum": ("[{batch_norm: {momentum: 0.3, eps: 0.01}}, flatten, {linear: 3}]", (5, 5, 2), 0.3,
                                         SAMPLES * 25),
    "other norms": ("[{conv2d: {out_channels: 4, kernel_size: 3}}, {group_norm: 2}, {instance_norm: {affine: true}}, "
                    "layer_norm, relu, flatten, {linear: 3}]", (6, 6, 2), 0, 0),
    "a recurrent layer": ("[{lstm: 4}, {gru: {hidden_size: 3, bidirectional: true}}, flatten, {linear: 3}]", (5, 4), 0, 0),
}


def module_of(folder):
    spec = importlib.util.spec_from_file_location("model_" + folder.name, folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_keras(folder, x):
    """Logits, and the tensors behind them by path."""
    model = module_of(folder).load()
    logits = model(x, training=True)
    return numpy.asarray(logits), {v.path: numpy.asarray(v) for v in model.non_trainable_variables}


def in_flax(folder, x):
    from flax import traverse_util
    module = module_of(folder)
    variables = module.load()
    training = {"train": True} if "batch_stats" in variables else {}
    logits, behind = module.Net().apply(variables, x, mutable=["batch_stats"], **training)
    return numpy.asarray(logits), traverse_util.flatten_dict(behind.get("batch_stats", {}), sep="/")


def averages_there(folder, target):
    """The running averages of an export, by path."""
    if target == "keras":
        return numpy.load(folder / "model.npz")
    from flax import traverse_util
    return traverse_util.flatten_dict(module_of(folder).load().get("batch_stats", {}), sep="/")


def cross_entropy(logits, y):
    top = logits.max(1, keepdims=True)
    return float(numpy.mean(numpy.log(numpy.exp(logits - top).sum(1)) + top[:, 0] - logits[range(len(y)), y]))


def off(found, wanted):
    return float(numpy.abs(numpy.asarray(found) - wanted).max() / max(1e-3, numpy.abs(wanted).max()))


def export(dlcli, folder, target, name, *arguments):
    out = folder / f"{name}_{target}"
    made = run(dlcli, "export", *arguments, "--to", target, "-o", str(out), "--runs", str(folder / "runs"))
    if made.returncode != 0:
        raise RuntimeError(made.stderr)
    return out


def check(dlcli, folder, name):
    model, shape, momentum, count = CASES[name]
    random = numpy.random.default_rng(0)
    x = random.standard_normal((SAMPLES, *shape)).astype(numpy.float32)
    y = random.integers(0, 3, SAMPLES).astype(numpy.int32)
    numpy.save(folder / "x.npy", x)
    numpy.save(folder / "y.npy", y)
    config = folder / "net.yaml"
    config.write_text(f"data: {{train: {{format: npy, fields: {{x: x.npy, y: y.npy}}}}, batch_size: {SAMPLES}, "
                      f"shuffle: false}}\nmodel: {model}\nloss: cross_entropy\noptimizer: {{sgd: {{lr: 0.1}}}}\n"
                      "trainer: {max_steps: 1, log_every_n_steps: 1}\n")
    made = run(dlcli, "train", str(config), "--runs", str(folder / "runs"), "--quiet")
    if made.returncode != 0:
        raise RuntimeError(made.stderr)
    records = map(json.loads, (folder / "runs" / "net-1" / "metrics.jsonl").read_text().splitlines())
    wanted = next(record["train/loss"] for record in records if "train/loss" in record)
    worst = {}
    for target, network in (("keras", in_keras), ("flax", in_flax)):
        logits, behind = network(export(dlcli, folder, target, "before", str(config), "--untrained"), x)
        worst[f"{target}'s loss"] = off(cross_entropy(logits, y), numpy.float64(wanted))
        averages = averages_there(export(dlcli, folder, target, "after", str(config)), target)
        for path, found in behind.items():
            if "var" in path:  # of the batch there; of what it is drawn from here, as in PyTorch
                found = (1 - momentum) + (found - (1 - momentum)) * count / (count - 1)
            if path in averages:
                worst[f"{target}'s {path}"] = off(found, averages[path])
    print(f"{name}: " + ", ".join(f"{what} {by:.0e}" for what, by in worst.items()), flush=True)
    return all(by <= TOLERANCE for by in worst.values())


def main():
    bad = []
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            try:
                if not check(sys.argv[1], pathlib.Path(folder), name):
                    bad.append(name)
            except Exception as e:  # whatever a framework throws
                bad.append(name)
                print(f"{name}: {e}", flush=True)
    print("all as they should be" if not bad else f"not as they should be: {', '.join(bad)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
