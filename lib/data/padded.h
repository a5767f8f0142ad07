// Sets whose samples are sequences of different lengths, padded to a common one.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "lib/data/batch_type.h"
#include "lib/data/dataset.h"

namespace dl {

// The types of fields() are those of samples padded to the longest length there may be.
class Padded {
 public:
  virtual ~Padded() = default;
  // Of the sample's sequence.
  virtual int64_t length(int64_t index) const = 0;
  // The fields that are padded, along their first axis.
  virtual std::vector<size_t> padded_fields() const = 0;
  // As Dataset::get(), but padded to `length` places, no fewer than the sample's.
  virtual void get_padded(int64_t index, int64_t length, Sample& into) const = 0;
};

// A batch of samples of such a set, padded to `length` places.
BatchType padded_batch(const Dataset& data, int64_t count, int64_t length);

}  // namespace dl
