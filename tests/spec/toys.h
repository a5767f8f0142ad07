// Types registered for the tests of lib/spec.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/spec/registry.h"

namespace dl {

struct ToyOptimizer : Described {
  static constexpr const char* kind = "toy optimizer";
};

struct ToyLayer : Described {
  static constexpr const char* kind = "toy layer";
};

}  // namespace dl
