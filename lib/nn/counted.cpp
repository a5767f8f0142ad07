// Ignored targets, and those behind the end of a sequence.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/counted.h"

#include "lib/base/error.h"
#include "lib/nn/lengths.h"

namespace dl {

Value counted(Value targets, std::optional<int64_t> ignore_index, Value lengths) {
  Value counts;
  if (ignore_index) counts = 1 - equal(targets, *ignore_index);
  if (!lengths) return counts;
  if (targets.shape().rank() < 2)
    throw ShapeError(
        "expected a value for each place of a sequence, of which 'lengths' says how many count; there is "
        "one a sample",
        "remove 'lengths'");
  const Value inside = is_step(targets, lengths, "name the data's field of lengths: 'lengths: lengths'");
  return counts ? counts * inside : inside;
}

Value count_targets(Value targets, Value counted) {
  if (!counted) return constant(*targets.graph, static_cast<double>(targets.shape().elements()));
  return sum(counted.shape() == targets.shape() ? counted : broadcast_to(counted, targets.shape()));
}

}  // namespace dl
