#!/usr/bin/env python3
# Has pyarrow and pandas read the tables that `dlcli predict --format parquet` writes: they must hold what its JSON lines do.
#
# usage: tables.py DLCLI
# Needs numpy, pyarrow and pandas (scripts/setup torch). Ends with 1 where a cell is another.
# SPDX-License-Identifier: Apache-2.0

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import pandas
import pyarrow.parquet

# What the data have beside x; the model's end; the loss; whether with --all.
CASES = {
    "classes": ("classes: 3", "[linear: 3]", "cross_entropy", False),
    "probabilities": ("classes: 3", "[linear: 3]", "cross_entropy", True),
    "number": ("targets: 1", "[linear: 1]", "mse", False),
    "numbers": ("targets: 4", "[linear: 4]", "mse", False),
    "two classes": ("classes: 2", "[linear: 1]", "bce_with_logits", True),
}


def run(dlcli, folder, *arguments):
    done = subprocess.run([dlcli, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


def same(cell, wanted):
    if isinstance(wanted, dict):
        wanted = list(wanted.values())
    if isinstance(wanted, list):
        return numpy.allclose(numpy.array(cell, float), numpy.array(wanted, float), rtol=1e-6)
    return numpy.isclose(cell, wanted, rtol=1e-6) if isinstance(wanted, float) else str(cell) == str(wanted)


def check(dlcli, folder, name):
    target, model, loss, everything = CASES[name]
    samples = 70_000 if name == "number" else 50
    (folder / "t.yaml").write_text(f"data: {{train: {{format: random, shape: [5], dtype: f32, samples: {samples}, {target}}}, "
                                   f"batch_size: 50}}\nmodel: {model}\nloss: {loss}\noptimizer: {{sgd: {{lr: 0.1}}}}\n"
                                   "trainer: {max_steps: 2}\n")
    run(dlcli, folder, "train", "t.yaml", "-q")
    more = ["--all"] if everything else []
    run(dlcli, folder, "predict", "t", "--data", "train", "--format", "parquet", "-o", "p.parquet", *more)
    lines = [json.loads(line) for line in
             run(dlcli, folder, "predict", "t", "--data", "train", "--format", "jsonl", *more).splitlines()]
    table = pyarrow.parquet.read_table(folder / "p.parquet").to_pylist()
    frame = pandas.read_parquet(folder / "p.parquet")
    if len(table) != samples or len(frame) != samples:
        raise RuntimeError(f"{len(table)} and {len(frame)} rows instead of {samples}")
    if list(frame.columns) != list(table[0]):
        raise RuntimeError(f"columns {list(frame.columns)}")
    for row, line in zip(table, lines):
        for theirs, ours in {"outputs": "output", "targets": "target"}.items():
            if theirs in line:
                line[ours] = line.pop(theirs)
        for key, wanted in line.items():
            if not same(row[key], wanted):
                raise RuntimeError(f"row {row['input']}: {key} is {row[key]} instead of {wanted}")
        if set(row) != set(line):
            raise RuntimeError(f"columns {set(row)} instead of {set(line)}")
    print(f"{name}: {len(table)} rows, columns {', '.join(frame.columns)}")


def main():
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            check(str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(folder), name)


main()
