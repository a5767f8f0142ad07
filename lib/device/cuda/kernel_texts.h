// The headers of lib/device/cuda/kernels as bytes in the binary, for a compiler that runs where no source is. The build
// writes them into a source (kernel_texts.cmake).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string_view>

namespace dl::cuda {

struct KernelText {
  const char* name;  // "lib/device/cuda/kernels/thread.h", as they include each other
  const char* text;
};

std::span<const KernelText> kernel_texts();  // by name

}  // namespace dl::cuda
