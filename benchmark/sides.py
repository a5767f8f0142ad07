# Those that are measured turn about: dlcli, a new process each turn, and peers, which hold their workload and wait.
# SPDX-License-Identifier: Apache-2.0

import json
import os
import subprocess
import sys

from common import HERE, output_of


class Peer:
    """A process that holds a workload in one mode and runs it when told, as clock.py says."""

    def __init__(self, name, python, runner, *arguments, threads):
        self.name = name
        self.process = subprocess.Popen(
            [str(a) for a in (python, HERE / runner, *arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)})
        line = self.process.stdout.readline()
        if not line:
            reason = (self.process.stderr.read().strip() or "no output").splitlines()[-1]
            self.process.wait()
            raise RuntimeError(reason)
        self.once = json.loads(line)

    def turn(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return {**self.once, **json.loads(self.process.stdout.readline())}

    def close(self):
        self.process.communicate()


class Dlcli:
    """dlcli bench, a new process each turn."""

    def __init__(self, name, binary, config, threads, *more):
        self.name = name
        self.command = [binary, "bench", config, "--json", "--threads", threads, *more]

    def turn(self, seconds):
        try:
            return json.loads(output_of(*self.command, "--seconds", seconds))
        except subprocess.CalledProcessError:  # it has said why
            sys.exit(f"error: {' '.join(str(c) for c in self.command)} failed")

    def close(self):
        pass


def started(sides):
    """Those that start, of functions that start a side each, by name; of the others it is said why not."""
    running = []
    for name, start in sides:
        try:
            running.append(start())
        except RuntimeError as error:
            print(f"  {name} failed: {error}", file=sys.stderr)
    return running


def take_turns(sides, rounds, seconds, watch):
    """Each side's turns, by name, and the machine's state meanwhile. Closes the sides."""
    turns = {side.name: [] for side in sides}
    watch.begin()
    for i in range(rounds):
        for side in sides if i % 2 == 0 else reversed(sides):
            turns[side.name].append(side.turn(seconds))
            watch.look()
    for side in sides:
        side.close()
    return turns, watch.state()
