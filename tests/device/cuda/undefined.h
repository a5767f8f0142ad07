// What the emulation of a GPU throws where a GPU's behaviour is undefined.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdexcept>

namespace dl::cuda {

struct Undefined : std::logic_error {
  using std::logic_error::logic_error;
};

}  // namespace dl::cuda
