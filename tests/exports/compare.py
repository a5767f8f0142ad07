#!/usr/bin/env python3
# Exports networks and runs what was written in the frameworks it is for: what they give must be what dlcli computed of
# the same input, which stands in expected.npz beside it.
#
# usage: compare.py DLCLI TARGET[,TARGET…] [WORD…]
# Networks are each example of each registered layer, trained for a few steps, those of configs/models and the models of
# configs; with WORDs those whose names have one of them. TARGET-plain: all layers as operations.
# Ends with 1 where one is not as it should be.
# SPDX-License-Identifier: Apache-2.0

import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy

TOP = pathlib.Path(__file__).resolve().parents[2]
TOLERANCE = 1e-5  # of the largest output

DRAWS = {"random_normal", "vae", "dcgan"}  # other numbers there: only shapes are compared
READS = {"onnx"}  # a file
PARTS = {"gpt"}  # blocks, no model: they stand in models of configs

# What layers take, in the order they are tried.
DATA = ["shape: [5, 5, 2], dtype: f32", "shape: [7], dtype: f32", "shape: [5, 8], dtype: f32",
        "shape: [3, 4, 5, 2], dtype: f32", "shape: [6], vocabulary: 4"]


def run(dlcli, *arguments):
    return subprocess.run([dlcli, *arguments], capture_output=True, text=True)


def layer_config(example, data, inputs):
    """The layer, and one behind it that has something to learn in any case."""
    item = example.strip() if ":" in example else example.strip() + ": {}"
    lines = [f"data: {{train: {{format: random, {data}, samples: 16, targets: 1}}, batch_size: 4}}", "model:"]
    if inputs == 2:
        lines += ["  - tanh: {}", "    name: other"]
    lines += ["  - " + item.replace("\n", "\n    ")]
    if inputs == 2:
        lines += ["    from: [x, other]"]
    lines += ["  - batch_norm", "loss: {mse: {target: 0.5}}", "optimizer: {sgd: {lr: 0.1}}",
              "trainer: {max_steps: 3, log_every_n_steps: 1}"]
    return "\n".join(lines) + "\n"


def chosen(name, words):
    return not words or any(word in name for word in words)


def first_that_fits(dlcli, config, texts):
    """Writes the first of the texts that dlcli takes as a config; what it says of the first where there is none."""
    said = ""
    for text in texts:
        config.write_text(text)
        made = run(dlcli, "check", str(config))
        if made.returncode == 0:
            return ""
        said = said or made.stderr
    return said


def layer_cases(dlcli, folder, words):
    entries = json.loads(run(dlcli, "describe", "layer", "--json").stdout)["entries"]
    for entry in entries:
        if entry["name"] in READS:
            continue
        for number, example in enumerate(entry["examples"]):
            name = f"{entry['name']}-{number}"
            if not chosen(name, words):
                continue
            config = folder / f"{name}.yaml"
            texts = [layer_config(example, data, inputs) for inputs in (1, 2) for data in DATA]
            error = first_that_fits(dlcli, config, texts)
            if not error:
                made = run(dlcli, "train", str(config), "--runs", str(folder / "runs"))
                error = "" if made.returncode == 0 else made.stderr
            yield name, None if error else [str(config)], error


# What models take.
MODEL_DATA = ["shape: [64, 64, 3], dtype: f32", "shape: [32, 32, 3], dtype: f32", "shape: [224, 224, 3], dtype: f32",
              "shape: [28, 28, 1], dtype: f32", "shape: [32, 2], dtype: f32", "shape: [16], vocabulary: 20",
              "shape: [336, 7], dtype: f32", "shape: [16], dtype: f32"]


def section(text, key, folder):
    """A section of a config, with the files that it names."""
    lines, taken = text.splitlines(), []
    for line in lines:
        if line.startswith(key + ":"):
            taken = [line]
        elif taken and (not line.strip() or line[0] in " #-"):
            taken.append(line)
        elif taken:
            break
    return "".join(line.replace("models/", f"{folder}/models/") + "\n" for line in taken)


def config_cases(dlcli, folder, words):
    paths = [("", "models", path) for path in sorted((TOP / "configs" / "models").glob("*.yaml")) if path.stem not in PARTS]
    paths += [("config-", "configs", path) for path in sorted((TOP / "configs").glob("*.yaml"))]
    for prefix, kind, path in paths:
        name = prefix + path.stem
        if not chosen(name, words):
            continue
        model = f"model: {path}\n"
        if kind == "configs":
            text = path.read_text()
            model = section(text, "blocks", path.parent) + section(text, "model", path.parent)
        rest = ("loss: {mse: {target: 0.5}}\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1}\n")
        texts = [f"data: {{train: {{format: random, {data}, samples: 8, classes: 4}}, batch_size: 2}}\n{model}{rest}"
                 for data in MODEL_DATA]
        config = folder / f"model-{name}.yaml"
        error = first_that_fits(dlcli, config, texts)
        yield name, None if error else [str(config), "--untrained"], error


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
    worst = float(numpy.abs(found - expected).max()) / spread
    return float("inf") if numpy.isnan(worst) else worst


def main():
    dlcli, targets, words = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
    good, bad = {target: 0 for target in targets}, {target: [] for target in targets}
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        for cases in (layer_cases, config_cases):
            for name, arguments, error in cases(dlcli, folder, words):
                for target in targets:
                    try:
                        if arguments is None:
                            raise RuntimeError(error)
                        out = folder / f"{name}-{target}"
                        to, plain = target.removesuffix("-plain"), ["--plain"] if target.endswith("-plain") else []
                        done = run(dlcli, "export", *arguments, "--to", to, "-o", str(out), "--runs",
                                   str(folder / "runs"), *plain)
                        if done.returncode != 0:
                            raise RuntimeError(done.stderr)
                        draws = name.removeprefix("config-").split("-")[0] in DRAWS
                        worst = difference(out, to, draws)
                        if not worst <= TOLERANCE:
                            raise RuntimeError(f"{worst:.2g} off")
                        good[target] += 1
                        shutil.rmtree(out)
                    except Exception as e:  # whatever a framework throws
                        bad[target].append(name)
                        print(f"{name}, {target}: {str(e).strip()[-1200:]}", flush=True)
    for target in targets:
        off = " ".join(bad[target]) or "none"
        print(f"{target}: {good[target]} of {good[target] + len(bad[target])} as they should be; not: {off}")
    return 1 if any(bad.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
