// Sets whose "x" are tokens of a text.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/capability.h"
#include "lib/data/text/vocabulary.h"

namespace dl {

class Tokenized {
 public:
  virtual ~Tokenized() = default;
  // What the tokens stand for; null where they are no text.
  virtual const Vocabulary* vocabulary() const = 0;
};

// That of the set; null where it has none.
inline const Vocabulary* vocabulary(const Dataset& data) {
  const auto tokenized = capability<Tokenized>(data);
  return tokenized ? tokenized->vocabulary() : nullptr;
}

}  // namespace dl
