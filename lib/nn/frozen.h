// What of a model is not trained, or not yet: `freeze: [stem, {params: "layer*", until: 2 epochs}]`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <limits>
#include <optional>

#include "lib/nn/patterns.h"
#include "lib/spec/schema.h"
#include "lib/spec/units.h"

namespace dl {

// As a config has it; a pattern alone stands for {params: PATTERN}.
struct FreezeSpec {
  Patterns params;                // of tensors, or of parts of the model
  std::optional<Duration> until;  // in steps or epochs; unset: for the whole run
  Where where;
  void describe(Schema& s);
};

// The same in steps: what fits is trained from the step after so many on.
struct Frozen {
  static constexpr int64_t always = std::numeric_limits<int64_t>::max();
  Patterns params;
  int64_t until = always;
};

}  // namespace dl
