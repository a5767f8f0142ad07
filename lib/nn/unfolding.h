// The kernel that takes each place of a window for itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/sizes.h"
#include "lib/nn/padding.h"

namespace dl {

// f32 [channels n, 1, height, width], n = height width: 1 where the place of a channel's filter is its number, else 0.
// As the weight of a convolution of `channels` groups it gives what windows hold, channel by channel, in each row by
// row.
inline Value unfolding_kernel(Graph& g, int64_t channels, Pair size) {
  const int64_t n = times(size.h, size.w);
  const Value each = where(equal(reshape(iota(g, n), {n, 1}), iota(g, n)), 1, 0);
  return reshape(broadcast_to(reshape(each, {1, n, n}), {channels, n, n}), {times(channels, n), 1, size.h, size.w});
}

}  // namespace dl
