# The networks that exports are tried with: each example of each registered layer, the models and what configs have.
# SPDX-License-Identifier: Apache-2.0

import json
import pathlib
import subprocess

import numpy

TOP = pathlib.Path(__file__).resolve().parents[2]

PARTS = {"gpt"}  # blocks, no model: they stand in models of configs
LARGE = {"bench-gpt2", "bench-lstm_ptb"}  # minutes each, and made of what others are made of
# What the layer that is a file reads.
FILE = "[{conv2d: {out_channels: 3, kernel_size: 3, padding: same}}, batch_norm, relu, global_avg_pool2d, {linear: 4}]"

# What layers take, in the order they are tried.
DATA = ["shape: [5, 5, 2], dtype: f32", "shape: [7], dtype: f32", "shape: [5, 8], dtype: f32",
        "shape: [3, 4, 5, 2], dtype: f32", "shape: [6], vocabulary: 4"]


def run(dlcli, *arguments):
    return subprocess.run([dlcli, *arguments], capture_output=True, text=True)


def layer_config(example, data, inputs):
    """The layer, and one behind it that has something to learn in any case."""
    item = example.strip() if ":" in example else example.strip() + ": {}"
    lines = [f"data: {{train: {{format: random, {data}, samples: 16, targets: 1}}, batch_size: 4}}", "model:"]
    unpools = "max_unpool" in example  # of what is pooled, and what was
    if inputs == 2:
        lines += ["  - " + (item.replace("unpool", "pool") if unpools else "tanh: {}"), "    name: other"]
    lines += ["  - " + item.replace("\n", "\n    ")]
    if inputs == 2:
        lines += ["    from: [other, x]" if unpools else "    from: [x, other]"]
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


def written_onnx(dlcli, folder):
    """A file for the layer that is one."""
    config = folder / "file.yaml"
    config.write_text(f"data: {{train: {{format: random, {DATA[0]}, samples: 16, targets: 1}}, batch_size: 4}}\n"
                      f"model: {FILE}\nloss: {{mse: {{target: 0.5}}}}\n"
                      "optimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1}\n")
    made = run(dlcli, "export", str(config), "--untrained", "--to", "onnx", "-o", str(folder / "file"))
    if made.returncode != 0:
        raise RuntimeError(made.stderr)
    return folder / "file" / "model.onnx"


def layer_cases(dlcli, folder, words, every_shape):
    entries = json.loads(run(dlcli, "describe", "layer", "--json").stdout)["entries"]
    for entry in entries:
        examples = entry["examples"]
        if entry["name"] == "onnx":
            examples = [f"onnx: {written_onnx(dlcli, folder)}"]
        if not examples:
            yield entry["name"], None, "it has no example"
        for number, example in enumerate(examples):
            name = f"{entry['name']}-{number}"
            if not chosen(name, words):
                continue
            texts = [layer_config(example, data, inputs) for inputs in (1, 2) for data in DATA]
            yield from trained_cases(dlcli, folder, name, texts, every_shape)


def trained_cases(dlcli, folder, name, texts, every_shape):
    """Of the first of the texts that dlcli takes as a config, or of all that it takes."""
    errors = []
    for number, text in enumerate(texts):
        config = folder / (f"{name}.{number}.yaml" if every_shape else f"{name}.yaml")
        config.write_text(text)
        made = run(dlcli, "check", str(config))
        if made.returncode != 0:
            errors.append(made.stderr)
            continue
        made = run(dlcli, "train", str(config), "--runs", str(folder / "runs"))
        error = "" if made.returncode == 0 else made.stderr
        yield config.stem, None if error else [str(config)], error
        if not every_shape:
            return
    if len(errors) == len(texts):
        yield name, None, errors[0]


# What models take: random numbers, or a table of numbers and categories.
TABLE = "format: csv, path: table.csv, target: {column: y}, columns: {a: {as: index}, b: {as: index}}"
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


def model_texts(kind, path):
    """A config's model on data of no meaning, or the config itself where its data are that."""
    if kind == "bench":
        return [path.read_text().replace("../models/", f"{path.parents[1]}/models/")
                .replace(" models/", f" {path.parents[1]}/models/")]
    model = f"model: {path}\n"
    if kind == "configs":
        text = path.read_text()
        model = section(text, "blocks", path.parent) + section(text, "model", path.parent)
    rest = "loss: {mse: {target: 0.5}}\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1}\n"
    sets = [f"format: random, {data}, samples: 8, {target}" for target in ("classes: 4", "targets: 1") for data in MODEL_DATA]
    return [f"data: {{train: {{{data}}}, batch_size: 2}}\n{model}{rest}" for data in [*sets, TABLE]]


def write_table(path):
    rows = [f"{'pqr'[i % 3]},{'uv'[i // 3 % 2]},{i * 0.7 % 5:.2f},{i * i % 7},{'ny'[i % 2]}" for i in range(40)]
    path.write_text("\n".join(["a,b,c,d,y", *rows]) + "\n")


def drawn(name, w, draw):
    """Weights like w of which none is as an initializer has it: zeros before a sum keep a part of a network out of
    what is compared, and small ones the sample. He et al. 2015: what is behind a layer varies as what is before it."""
    noise = draw.standard_normal(w.shape, dtype=numpy.float32)
    if name.endswith("var"):
        return w * numpy.exp(0.2 * noise)
    if w.ndim > 1:
        return noise * numpy.float32((2 / max(w[0].size, 1)) ** 0.5)
    return w + 0.1 * noise


def draw_weights(dlcli, config):
    """Lets a config begin with drawn weights. What is wrong, or nothing."""
    out = config.with_suffix("")
    made = run(dlcli, "export", str(config), "--untrained", "--to", "numpy", "-o", str(out))
    if made.returncode != 0:
        return made.stderr
    draw = numpy.random.default_rng(1)
    weights = {name: drawn(name, w, draw) if w.dtype == numpy.float32 else w
               for name, w in numpy.load(out / "model.npz").items()}
    file = out.with_suffix(".npz")
    numpy.savez(file, **weights)
    config.write_text(config.read_text() + f"init_from: {file}\n")
    return ""


def config_cases(dlcli, folder, words):
    write_table(folder / "table.csv")
    for kind, prefix, place in (("models", "", "models"), ("configs", "config-", ""), ("bench", "bench-", "bench")):
        for path in sorted((TOP / "configs" / place).glob("*.yaml")):
            name = prefix + path.stem
            if path.stem in PARTS or not chosen(name, words) or (name in LARGE and not words):
                continue
            config = folder / f"model-{name}.yaml"
            error = first_that_fits(dlcli, config, model_texts(kind, path)) or draw_weights(dlcli, config)
            yield name, None if error else [str(config), "--untrained"], error


def kind_of(name):
    """The layer or the model."""
    return name.removeprefix("config-").removeprefix("bench-").split("-")[0]


def all_cases(dlcli, folder, words, every_shape=False):
    """(name, arguments of export, what was wrong): arguments are None where dlcli does not take the network."""
    yield from layer_cases(dlcli, folder, words, every_shape)
    yield from config_cases(dlcli, folder, words)
