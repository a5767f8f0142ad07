// Signals: which end a run well, and which are to be failures of a call instead of the end of the process.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>

namespace dl {

// A closed pipe and a file that may not grow are reported by write(), not by ending the process.
void report_write_failures_by_errno();

// From now on SIGINT, SIGTERM, SIGUSR1, SIGUSR2 and SIGXCPU set the flag that is returned, and a line on standard error
// says so at once. The third of them ends the process at once, by that signal. What comes within a tenth of a second is
// one: `timeout`, srun and terminals send a signal to the process and to its group. SIGXCPU, which the kernel repeats
// every second, is counted once only. SIGHUP is ignored, so that a run outlives its terminal.
const std::atomic<bool>& stop_on_signals();

}  // namespace dl
