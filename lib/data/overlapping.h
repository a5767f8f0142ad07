// Sets whose samples may share parts with one another, so that what is held out by chance is known all the same.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/capability.h"

namespace dl {

class Overlapping {
 public:
  virtual ~Overlapping() = default;
  virtual bool samples_overlap() const = 0;
};

inline bool samples_overlap(const Dataset& data) {
  const auto overlapping = capability<Overlapping>(data);
  return overlapping && overlapping->samples_overlap();
}

}  // namespace dl
