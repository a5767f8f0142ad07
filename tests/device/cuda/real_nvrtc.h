// NVRTC as this machine has it, which needs no GPU.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/cuda/library.h"

namespace dl::testing {

// Null where there is none.
inline std::shared_ptr<const cuda::Library> real_nvrtc() {
  static const std::shared_ptr<const cuda::Library> library =
      cuda::LibraryFinder().find(cuda::nvrtc_library(), 13).library;
  return library;
}

}  // namespace dl::testing
