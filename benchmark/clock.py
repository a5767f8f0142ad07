# What both runners of the benchmark measure alike: the first step's time, steps for as long as asked, peak memory.
# SPDX-License-Identifier: Apache-2.0

import json
import os
import resource
import sys
import time


def seconds_since_start():
    """Of this process, from when the kernel started it."""
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(**values):
    print(json.dumps(values), flush=True)


def serve(step, params, version, memory_mb=peak_mb):
    """Takes the first step, says so, then for each line of standard input, which holds seconds, takes steps so long.

    `step` returns when its work is done. `memory_mb`: of the process, or of what it took of a GPU.
    """
    step()
    say(first_step_s=seconds_since_start(), params=params, version=version)
    for line in sys.stdin:
        for _ in range(2):
            step()
        times = []
        end = time.perf_counter() + float(line)
        while time.perf_counter() < end or len(times) < 3:
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        times.sort()
        say(step_ms=times[len(times) // 2] * 1e3, min_ms=times[0] * 1e3, steps=len(times), rss_mb=memory_mb())
