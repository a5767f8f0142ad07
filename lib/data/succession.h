// Sets whose samples are pieces of one long sequence.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/capability.h"

namespace dl {

class Succession {
 public:
  virtual ~Succession() = default;
  // Whether some samples can be held out from the others: not where they are drawn from all over the sequence.
  virtual bool divisible() const = 0;
  // Whether each sample goes on where the one before it ended.
  virtual bool continues() const = 0;
};

inline bool divisible(const Dataset& data) {
  const auto succession = capability<Succession>(data);
  return !succession || succession->divisible();
}
inline bool continues(const Dataset& data) {
  const auto succession = capability<Succession>(data);
  return succession && succession->continues();
}

}  // namespace dl
