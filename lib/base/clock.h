// Time: durations by the steady clock only, the wall clock only as text for people.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace dl {

// Seconds since an arbitrary moment; never jumps with the wall clock.
double steady_seconds();

// Seconds that the calling thread has had a core.
double thread_seconds();

// Seconds since the kernel started this process, to 10 ms: what a user waited, loading of the program included.
double process_seconds();

// Now in UTC, "2026-01-31T23:59:59Z".
std::string utc_timestamp();

}  // namespace dl
