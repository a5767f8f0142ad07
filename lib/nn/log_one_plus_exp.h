// log(1 + exp(x)), for losses.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

// Shifted by the larger of both terms' exponents, so that it bears any x and has the slope sigmoid(x) everywhere.
inline Value log_one_plus_exp(Value x) {
  const Value shift = stop_gradient(maximum(x, 0));
  return shift + log(exp(-shift) + exp(x - shift));
}

}  // namespace dl
