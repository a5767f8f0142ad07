// A network as a table of its layers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/nn/network.h"

namespace dl {

// Layers with their output's shape, parameters and FLOPs; lines of at most `columns` where that can be.
// Above `most_rows` layers, those of one block are a row together, and what is still too much is left out and counted.
std::string network_table(const Network& network, size_t columns, size_t most_rows = static_cast<size_t>(-1));

}  // namespace dl
