// Networks that hold the batch of an example, as a layer out of a file may.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "lib/base/error.h"
#include "lib/nn/network.h"

namespace dl {

// What is wrong with a network that works for one sample and not for several, or makes one of them all; none where it
// gives each sample its own.
std::optional<Problem> one_sample_alone(const Network& network);

}  // namespace dl
