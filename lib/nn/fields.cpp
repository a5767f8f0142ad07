// The keys of what a loss or a metric reads.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/fields.h"

namespace dl {

void FieldNames::describe(Schema& s, bool takes_target) {
  s.optional("output", output, "the model's item that it reads; without it, what the model ends with");
  if (takes_target) s.optional("target", target, "the data's field that it reads");
}

}  // namespace dl
