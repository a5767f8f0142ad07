// The end of a training command: what came out, where it is, what to do next.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/spec/node.h"
#include "lib/train/kept/observer.h"

namespace dl {

// In lines of at most `columns`.
std::string run_summary(const RunStarted& run, const RunFinished& end, size_t columns);

// Of a run that was to go on and has nothing left to train.
std::string already_finished(const RunStarted& run, const RunFinished& end);

// What is told of a run that ended because a figure was not finite.
Problem divergence(const RunStarted& run, const RunFinished& end);

// The same for --json.
Node run_json(const RunStarted& run, const RunFinished& end);

}  // namespace dl
