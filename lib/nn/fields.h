// What a loss or a metric is computed from: outputs of the model and fields of the data, by the names its keys give.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/graph/ops.h"
#include "lib/spec/schema.h"

namespace dl {

// The names, as they stand in the spec.
struct FieldNames {
  std::optional<std::string> output;  // of an item of the model; unset: what the model ends with
  std::string target = "y";
  void describe(Schema& s, bool takes_target = true);
};

// The values of a batch.
struct Fields {
  Value prediction;            // [batch, …]
  Value target;                // [batch, …]; unset where it takes none
  std::vector<Value> further;  // further outputs, in the order it names them
};

}  // namespace dl
