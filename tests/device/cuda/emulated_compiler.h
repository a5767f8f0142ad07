// The compiler of the emulated GPU: kernels become libraries whose entries run on emulated threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/cuda/cuda.h"

namespace dl::cuda {

// Images are paths of libraries, a line each, made by the machine's C++ compiler and kept under $XDG_CACHE_HOME by what
// they were made of. Null where there is no compiler.
std::unique_ptr<Compiler> make_emulated_compiler();

}  // namespace dl::cuda
