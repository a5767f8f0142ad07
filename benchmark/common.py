# What the benchmark's programs share: the machine's description, where things are, tables, results as files.
# SPDX-License-Identifier: Apache-2.0

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

import quiet

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent
# The workloads of training steps that each of these scripts takes where none is named.
NINE = ["mlp", "lenet", "cnn", "tabular", "resnet20", "resnet18", "gpt_cpu", "gpt_baby", "lstm_ptb"]


def output_of(*command, **more):
    return subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, check=True, text=True, **more).stdout


def environment(name):
    """The interpreter of .venv-NAME, which scripts/setup makes where it is not there."""
    subprocess.run([TOP / "scripts/setup", name], check=True, stdout=subprocess.DEVNULL)
    return str(TOP / f".venv-{name}/bin/python")


def add_options(parser):
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dlcli", default=str(TOP / "build/dlcli"))
    parser.add_argument("--note", default="", help="a sentence for the table's head")


def check_binary(parser, a):
    if not pathlib.Path(a.dlcli).exists():
        parser.error(f"{a.dlcli} is not there; run scripts/setup build")


def machine(a):
    """What the figures depend on: processor, limits measured now, versions."""
    cpu = {line.split(":", 1)[0].strip(): line.split(":", 1)[1].strip() for line in output_of("lscpu").splitlines()}
    doctor = json.loads(output_of(a.dlcli, "doctor", "--json"))
    return {
        "cpu": f"{cpu['Model name']}, family {cpu['CPU family']}, model {cpu['Model']}, {os.cpu_count()} cores",
        "threads": a.threads,
        "instructions": doctor["instructions"],
        "peak_gflops": doctor["peak_gflops"],
        "memory": doctor["memory_levels"],
        "commit": output_of("git", "-C", TOP, "rev-parse", "--short", "HEAD").strip(),
        "date": datetime.date.today().isoformat(),
        "note": a.note,
    }


def head(m):
    """The machine as lines of Markdown."""
    peaks = ", ".join(f"{name} {p['one']:.0f} / {p['all']:.0f} GFLOP/s" for name, p in m["peak_gflops"].items())
    memory = ", ".join(f"{name} {g['one_gbps']:.0f} / {g['all_gbps']:.0f} GB/s" for name, g in m["memory"].items())
    lines = [
        f"{m['cpu']}, {m['instructions']}; {m['threads']} threads.",
        f"Measured limits, one / all cores: {peaks}; {memory}.",
        f"dlcli at {m['commit']}, {m['date']}. {', '.join(m['versions'])}."]
    if "state" in m:
        lines.append(f"The machine during the last run: {quiet.words(m['state'])}.")
    return lines + ([m["note"]] if m["note"] else [])


def result_path(kind, m):
    """results/MACHINE-KIND.json: a newer result of the same machine and kind takes the older one's place."""
    return HERE / "results" / (re.sub(r"[^a-z0-9]+", "-", m["cpu"].lower()).strip("-") + f"-{kind}.json")


def saved(kind, m):
    """What was saved before; empty where nothing was."""
    path = result_path(kind, m)
    return json.loads(path.read_text()) if path.exists() else {}


def save(kind, m, lines, everything):
    """Writes the table, as Markdown, and everything that was measured, as JSON."""
    path = result_path(kind, m)
    path.parent.mkdir(exist_ok=True)
    path.with_suffix(".md").write_text("\n".join(lines) + "\n")
    path.write_text(json.dumps({"machine": m, **everything}, indent=1) + "\n")
    print(f"\nwritten to {path.relative_to(TOP)} and .md")


def say_state(state):
    """On standard error, where the machine was not quiet."""
    if quiet.reasons(state):
        print(f"  warning: the machine was {quiet.words(state)}", file=sys.stderr)


def ratio(peer, own):
    """How many times as fast dlcli is, as a cell; marked where the peer is ahead."""
    times = peer / own
    return f"{times:.2f}" if times >= 1 else f"**{times:.2f}** peer ahead"


def best_of(rows, figure):
    """The name of the one whose figure is least."""
    return min(rows, key=lambda name: rows[name][figure])


def table(columns, rows):
    """Rows of Markdown under a header; the first column to the left, figures to the right."""
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]
