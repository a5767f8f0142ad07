// The type of a batch of shorter sequences.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/padded.h"

#include "lib/data/capability.h"

namespace dl {

BatchType padded_batch(const Dataset& data, int64_t count, int64_t length) {
  BatchType batch = count;
  const auto padded = capability<Padded>(data);
  DL_CHECK(padded, "sequences of one length");
  for (const size_t f : padded->padded_fields()) {
    const SampleField& field = data.fields()[f];
    if (field.type.shape[0] == length) continue;
    Type shorter = field.type;
    shorter.shape[0] = length;
    batch.other.emplace_back(field.name, std::move(shorter));
  }
  return batch;
}

}  // namespace dl
