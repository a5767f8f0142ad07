// A GPU's driver without a GPU: memory is the heap's, kernels are libraries whose threads are emulated. What is begun
// in a stream is done late, when something waits for it, and streams take turns in any order that their events allow,
// so that a read too early or memory used again too soon shows.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>

#include "lib/device/cuda/cuda.h"

namespace dl::cuda {

struct EmulatedGpu {
  Gpu gpu{.name = "emulated GPU", .major = 9, .minor = 0, .memory_bytes = int64_t{4} << 30, .multiprocessors = 4};
  unsigned seed = 0;  // of all orders
};

std::unique_ptr<Driver> make_emulated_driver(const EmulatedGpu& gpu = {});

// Begins work in a stream of an emulated driver, or records it, as libraries do.
void begin_in(Stream stream, std::function<void()> work);

}  // namespace dl::cuda
