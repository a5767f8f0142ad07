#!/usr/bin/env python3
# Exports networks and runs what was written in the frameworks it is for: what they give must be what dlcli computed of
# the same input, which stands in expected.npz beside it.
#
# usage: compare.py DLCLI TARGET[,TARGET…] [--every-shape] [--matrix FILE] [WORD…]
# Networks are each example of each registered layer, trained for a few steps, on the first of the data that it takes or
# on all of them, those of configs/models and configs/bench and the models of configs; with WORDs those whose names have
# one of them. TARGET-plain: all layers as operations. FILE gets a table: a row a layer or model, a column a target.
# Ends with 1 where one is not as it should be: within TOLERANCE, or as KNOWN says.
# SPDX-License-Identifier: Apache-2.0

import argparse
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
from networks import all_cases, kind_of, run

TOLERANCE = 1e-5  # of the largest output
# Where a framework's own formula rounds more than that. Keras subtracts mean / sigma from x / sigma, both rounded, where
# the others divide x - mean: of two channels that are nearly equal these are up to 1 / sqrt(epsilon) times larger.
LOOSER = {("layer_norm", "keras"): 3e-5}

DRAWS = {"random_normal", "vae", "dcgan"}  # other numbers there: only shapes are compared
# What a target cannot do, and how dlcli says so: {(layer or model, target): words of the error}.
KNOWN = {}

def run_onnx(folder):
    import onnx
    import onnxruntime
    path = folder / "model.onnx"
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    expected = numpy.load(folder / "expected.npz")
    wanted = [each.name for each in session.get_inputs()]
    outputs = []
    if session.get_inputs() and session.get_inputs()[0].shape[0] == 1:
        for i in range(len(expected["output"])):
            outputs.append(session.run(["output"], {name: expected[name][i:i + 1] for name in wanted})[0])
        return numpy.concatenate(outputs)
    return session.run(["output"], {name: expected[name] for name in wanted})[0]


def run_python(folder):
    """What predict() of model.py gives."""
    spec = importlib.util.spec_from_file_location("model_" + folder.name.replace("-", "_"), folder / "model.py")
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    if (folder / "optimizer.pt").exists():
        import torch
        [group] = torch.load(folder / "optimizer.pt", weights_only=True)["param_groups"]
        names = [name for name, _ in model.load().named_parameters()]
        ours = group["param_names"]
        if folder.name.startswith("transformer_"):  # PyTorch's module has them in another order
            names, ours = sorted(names), sorted(ours)
        if ours != names:
            raise RuntimeError(f"the module has {names}, the optimizer's state is of {group['param_names']}")
    return model.predict(numpy.load(folder / "expected.npz"))


def run_keras(folder):
    """What model.py gives; where there is a model.keras, that it gives the same."""
    import keras
    found = run_python(folder)
    file = folder / "model.keras"
    if file.exists():
        expected = numpy.load(folder / "expected.npz")
        model = keras.models.load_model(file, compile=False)
        given = [expected[each.name] for each in model.inputs]
        other = numpy.asarray(model(given if len(given) > 1 else given[0], training=False))
        off = float(numpy.abs(other - found).max())
        if not off <= TOLERANCE * max(float(numpy.abs(found).max()), 1e-3):
            raise RuntimeError(f"model.keras is {off:.2g} off model.py")
    keras.backend.clear_session()
    return found


def run_c(folder):
    subprocess.run(["cc", "-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", "model", "model.c",
                    "-lm"], cwd=folder, check=True)
    expected = numpy.load(folder / "expected.npz")
    inputs = [expected[name] for name in expected.files if name != "output"]
    inputs = [x.astype(numpy.int32) if x.dtype == numpy.int64 else x for x in inputs]
    data = b"".join(x[i].tobytes() for i in range(len(inputs[0])) for x in inputs)
    made = subprocess.run(["./model", "model.weights"], cwd=folder, input=data, capture_output=True, check=True)
    return numpy.frombuffer(made.stdout, numpy.float32).reshape(expected["output"].shape)


RUNNERS = {"onnx": run_onnx, "c": run_c, "keras": run_keras}


def difference(folder, target, draws):
    expected = numpy.load(folder / "expected.npz")["output"]
    found = numpy.asarray(RUNNERS.get(target, run_python)(folder))
    if found.shape != expected.shape:
        raise RuntimeError(f"shape {found.shape} instead of {expected.shape}")
    if draws:
        return 0 if numpy.isfinite(found).all() else float("inf")
    spread = max(float(numpy.abs(expected).max()), 1e-3)
    if not float(numpy.abs(expected - expected[0]).max()) > 10 * TOLERANCE * spread:
        raise RuntimeError("all samples give the same, which any network may")
    worst = float(numpy.abs(found - expected).max()) / spread
    return float("inf") if numpy.isnan(worst) else worst


def compared(dlcli, folder, name, arguments, target):
    """How far off the largest output is, of one network for one target."""
    out = folder / f"{name}-{target}"
    to, plain = target.removesuffix("-plain"), ["--plain"] if target.endswith("-plain") else []
    done = run(dlcli, "export", *arguments, "--to", to, "-o", str(out), "--runs", str(folder / "runs"), *plain)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    draws = kind_of(name) in DRAWS
    worst = difference(out, to, draws)
    if not worst <= LOOSER.get((kind_of(name), target), TOLERANCE):
        raise RuntimeError(f"{worst:.2g} off")
    shutil.rmtree(out)
    return "shapes" if draws else f"{worst:.0e}"


def verdict(dlcli, folder, name, arguments, error, target):
    """What the table says, and the error where that is none of the known ones."""
    try:
        if arguments is None:
            raise RuntimeError(error)
        return compared(dlcli, folder, name, arguments, target), ""
    except Exception as e:  # whatever a framework throws
        said = str(e).strip()
        known = KNOWN.get((kind_of(name), target))
        if known and known in said:
            return f"refused: {known}", ""
        return "NOT", f"{name}, {target}: {said[-1200:]}"


def write_matrix(path, targets, rows):
    lines = ["| | " + " | ".join(targets) + " |", "|---" * (len(targets) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows]
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def forget_compiled():
    """What JAX has compiled: of hundreds of networks it takes more maps of memory than a process may have."""
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dlcli")
    parser.add_argument("targets")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--every-shape", action="store_true")
    parser.add_argument("--matrix")
    given = parser.parse_intermixed_args()
    targets = given.targets.split(",")
    rows, bad = [], {target: [] for target in targets}
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        for name, arguments, error in all_cases(given.dlcli, folder, given.words, given.every_shape):
            cells = []
            for target in targets:
                cell, off = verdict(given.dlcli, folder, name, arguments, error, target)
                cells.append(cell)
                if off:
                    bad[target].append(name)
                    print(off, flush=True)
            rows.append((name, cells))
            if given.matrix:
                write_matrix(given.matrix, targets, rows)
            forget_compiled()
    for target in targets:
        off = " ".join(bad[target]) or "none"
        print(f"{target}: {len(rows) - len(bad[target])} of {len(rows)} as they should be; not: {off}")
    return 1 if any(bad.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
