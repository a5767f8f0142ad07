// Signals: which end a run well, and which are to be failures of a call instead of the end of the process.
#pragma once
#include <atomic>

namespace dl {

// A closed pipe and a file that may not grow are reported by write(), not by ending the process.
void report_write_failures_by_errno();

// From now on SIGINT, SIGTERM and SIGUSR1 set the flag that is returned; a second one ends the process at once. SIGHUP
// is ignored, so that a run outlives its terminal.
const std::atomic<bool>& stop_on_signals();

}  // namespace dl
