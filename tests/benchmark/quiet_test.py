#!/usr/bin/env python3
# What benchmark/quiet.py says of a machine: when it is called quiet, and what is counted as another's work.
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmark"))
import quiet

QUIET = {"steal": 0.002, "others": 0.03, "probe_gflops": [98.0, 101.0]}


def look(wall, steal=0.0, busy=0.0, own=0.0, probe=100.0):
    return quiet.Look(wall=wall, steal=steal, busy=busy, own=own, probe=probe)


class Verdict(unittest.TestCase):
    def test_a_machine_that_does_nothing_else_is_quiet(self):
        self.assertEqual(quiet.words(QUIET), "quiet")

    def test_each_trouble_alone_is_named_with_its_figure(self):
        for change, words in (({"steal": 0.03}, "NOT quiet: steal 3 %"),
                              ({"others": 0.6}, "NOT quiet: other processes on 0.6 cores"),
                              ({"probe_gflops": [62.5, 100.0]}, "NOT quiet: probes vary 1.6 ×"),
                              ({"probe_gflops": [0, 100.0]}, "NOT quiet: a probe stood still")):
            self.assertEqual(quiet.words({**QUIET, **change}), words)

    def test_several_troubles_are_all_named(self):
        self.assertEqual(quiet.words({"steal": 0.2, "others": 1, "probe_gflops": [50, 100]}),
                         "NOT quiet: steal 20 %, other processes on 1.0 cores, probes vary 2.0 ×")

    def test_just_at_a_threshold_a_machine_is_still_quiet(self):
        at = {"steal": quiet.STEAL, "others": quiet.OTHERS, "probe_gflops": [1.0, quiet.PROBES]}
        self.assertEqual(quiet.reasons(at), [])

    def test_results_of_before_states_were_kept_have_an_empty_cell(self):
        self.assertEqual(quiet.cell(None), "")


class Judgement(unittest.TestCase):
    def test_steal_is_a_share_of_all_cores_and_others_are_counted_in_cores(self):
        state = quiet.judge([look(10, steal=1, busy=5, own=1), look(20, steal=3, busy=17, own=8)], cores=4)
        self.assertAlmostEqual(state["steal"], 2 / 40)
        self.assertAlmostEqual(state["others"], (12 - 7) / 10)

    def test_the_slowest_and_the_fastest_probe_of_all_looks_count(self):
        state = quiet.judge([look(0, probe=90), look(1, probe=60), look(2, probe=80)], cores=2)
        self.assertEqual(state["probe_gflops"], [60, 90])

    def test_own_work_alone_is_nobody_elses(self):
        self.assertEqual(quiet.judge([look(0), look(10, busy=19.9, own=20.0)], cores=2)["others"], 0)

    def test_joined_measurements_are_as_bad_as_the_worst_of_them(self):
        self.assertEqual(quiet.join([QUIET, {"steal": 0.1, "others": 0.0, "probe_gflops": [80, 99]}]),
                         {"steal": 0.1, "others": 0.03, "probe_gflops": [80, 101.0]})


class Clocks(unittest.TestCase):
    def test_steal_and_busy_are_read_of_all_cores(self):
        tick = os.sysconf("SC_CLK_TCK")
        stat = f"cpu  {2 * tick} {tick} {tick} {50 * tick} {9 * tick} 0 0 {7 * tick} {tick} 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
        self.assertEqual(quiet.processor_seconds(stat), (7, 4))

    def test_the_time_of_a_child_is_own_whether_it_lives_or_has_ended(self):
        before = quiet.own_seconds()
        burn = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
        child = subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        child.stdout.readline()
        living = quiet.own_seconds() - before
        child.communicate("\n")
        self.assertGreaterEqual(living, 0.25)
        self.assertGreaterEqual(quiet.own_seconds() - before, living)


unittest.main()
