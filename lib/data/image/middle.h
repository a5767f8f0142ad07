// The middle of an image.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace dl {

// Where a window in the middle begins, of so many places to either side together: half of them, rounded to even as
// torchvision does.
constexpr int64_t half_of(int64_t room) { return room / 2 + (room % 4 == 3 ? 1 : 0); }

}  // namespace dl
