// What a compiler is given: kernels' headers, their generated text, and an entry for each.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>

#include "lib/device/cuda/code.h"

namespace dl::cuda {

// Each header once, after `thread_header`, all by their path in the repository; then, in a namespace for each kernel in
// which the names of dl::cuda are known, its text and what `entry` makes of it: an extern "C" function named as the
// code.
std::string module_text(std::span<const Code* const> kernels, const std::string& thread_header,
                        std::string (*entry)(const Code&));

}  // namespace dl::cuda
