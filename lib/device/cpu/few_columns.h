// Convolutions to few channels fill a part of a vector only. Several neighbouring outputs side by side fill more of it:
// together they are one output of as many times the channels, in the same memory, with a window that is wider and
// whose weights are 0 where an output has none.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace dl {

// How many neighbours make the fewest vectors of products; 1 where several are not worth it. `channels` of an output,
// `positions` of a row of outputs, `taps` of a row of the window, which moves by `step` inputs.
int64_t worthwhile_neighbours(int64_t channels, int64_t positions, int64_t taps, int64_t step, int lanes);

}  // namespace dl
