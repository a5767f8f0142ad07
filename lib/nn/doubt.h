// What a layer doubts of its own keys: what can be built but is likely not meant.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/nn/initializer.h"

namespace dl {

// Becomes a warning at the place of the layer's item.
struct Doubt {
  std::string what;  // as in a Problem: lower case, no full stop
  std::string help;  // an instruction
};
using DoubtList = std::vector<Doubt>;

// A 'momentum' of running averages, the share of a batch in them, that is likely that of what was before.
DoubtList doubt_share_of_the_new(double momentum);

// A 'bias_init' where there is no bias, behind other doubts of the layer.
inline DoubtList doubt_idle_bias_init(bool bias, const std::shared_ptr<const Initializer>& bias_init,
                                      DoubtList others = {}) {
  if (!bias && bias_init)
    others.push_back({"'bias_init' is of a bias, and 'bias: false' leaves it out", "keep one of them"});
  return others;
}

}  // namespace dl
