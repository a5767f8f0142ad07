# Whether a machine is quiet enough to measure on: what a hypervisor and other processes took of its cores between looks,
# and whether a short probe of multiply-adds was as fast each time.
# SPDX-License-Identifier: Apache-2.0

import ctypes
import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent

# Above any of these a machine is not called quiet.
STEAL = 0.01     # of the time of all cores, that a hypervisor gave to others
OTHERS = 0.1     # cores that other processes kept busy
PROBES = 1.15    # the fastest probe over the slowest

PROBE_SECONDS = 0.02


@dataclasses.dataclass
class Look:
    """The machine's clocks at one moment, seconds, and what the probe reached then."""
    wall: float
    steal: float  # of all cores, since the machine started
    busy: float   # of all cores, by whatever process
    own: float    # by this process and those it started
    probe: float  # GFLOP/s of all threads together


def judge(looks, cores):
    """What the machine was like between the first look and the last, as kept in the results."""
    first, last = looks[0], looks[-1]
    wall = max(last.wall - first.wall, 1e-9)
    probes = [look.probe for look in looks]
    return {"steal": (last.steal - first.steal) / (wall * cores),
            "others": max(last.busy - first.busy - (last.own - first.own), 0) / wall,
            "probe_gflops": [min(probes), max(probes)]}


def join(states):
    """Of several measurements the worst of each."""
    return {"steal": max(s["steal"] for s in states), "others": max(s["others"] for s in states),
            "probe_gflops": [min(s["probe_gflops"][0] for s in states), max(s["probe_gflops"][1] for s in states)]}


def reasons(state):
    """Why the machine was not quiet; empty where it was."""
    why = []
    if state["steal"] > STEAL:
        why.append(f"steal {100 * state['steal']:.0f} %")
    if state["others"] > OTHERS:
        why.append(f"other processes on {state['others']:.1f} cores")
    slowest, fastest = state["probe_gflops"]
    if slowest <= 0:
        why.append("a probe stood still")
    elif fastest > PROBES * slowest:
        why.append(f"probes vary {fastest / slowest:.1f} ×")
    return why


def words(state):
    why = reasons(state)
    return "NOT quiet: " + ", ".join(why) if why else "quiet"


def cell(state):
    """For a row of a table; empty for results of before states were kept."""
    return words(state) if state else ""


def processor_seconds(stat):
    """(steal, busy) of all cores, of the text of /proc/stat."""
    user, nice, system, _, _, irq, softirq, steal = (int(n) for n in stat.splitlines()[0].split()[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    return steal / tick, (user + nice + system + irq + softirq) / tick


def own_seconds():
    """Of this process, of those it started and of theirs, whether they live or were waited for."""
    parents, seconds = {}, {}
    tick = os.sysconf("SC_CLK_TCK")
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended meanwhile
        parents[int(entry)] = int(fields[1])
        seconds[int(entry)] = sum(int(n) for n in fields[11:15]) / tick
    own, found = 0.0, [os.getpid()]
    while found:
        process = found.pop()
        own += seconds.pop(process, 0.0)
        found += [p for p, parent in parents.items() if parent == process and p in seconds]
    return own


class Watch:
    """Looks at the machine; the probe runs on so many threads at once."""

    def __init__(self, threads):
        self.threads, self.looks = threads, []
        compiler = os.environ.get("CC", "cc")
        with tempfile.TemporaryDirectory() as folder:
            library = f"{folder}/probe.so"
            try:
                subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", HERE / "probe.c", "-o", library],
                               check=True)
            except (OSError, subprocess.CalledProcessError) as error:
                sys.exit(f"error: the probe was not compiled: {error}\n  help: set CC to a C compiler")
            self.code = ctypes.CDLL(library).multiply_add
        self.code.restype = ctypes.c_double
        self.rounds = 1000
        while self.seconds_of(self.rounds) < PROBE_SECONDS / 5:
            self.rounds *= 2

    def seconds_of(self, rounds):
        start = time.perf_counter()
        self.chains(rounds)
        return time.perf_counter() - start

    def chains(self, rounds):
        return self.code(ctypes.c_long(rounds), (ctypes.c_float * 12)(1.0))

    def probe(self):
        """GFLOP/s of all threads together."""
        done, end = [], time.perf_counter() + PROBE_SECONDS

        def run():
            start, flops = time.perf_counter(), 0.0
            while time.perf_counter() < end:
                flops += self.chains(self.rounds)
            done.append(flops / (time.perf_counter() - start))

        threads = [threading.Thread(target=run) for _ in range(self.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(done) / 1e9

    def look(self):
        time.sleep(0.005)  # threads of what was measured may wait awake for that long
        probe = self.probe()
        with open("/proc/stat") as file:
            steal, busy = processor_seconds(file.read())
        self.looks.append(Look(time.perf_counter(), steal, busy, own_seconds(), probe))

    def begin(self):
        """Forgets what was before: a new measurement."""
        self.looks = []
        self.look()

    def state(self):
        return judge(self.looks, os.cpu_count())
