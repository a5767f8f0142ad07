// What the device "cuda" is made of on this machine: the driver's GPU, NVRTC, and those of NVIDIA's libraries that are
// there.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/cuda/cubin_cache.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/library.h"

namespace dl::cuda {

// Of GPU `index`. Throws Error(Exit::usage) that names the file and the package where there is no driver, GPU or NVRTC.
Parts find_parts(int index);
Parts find_parts(std::unique_ptr<Driver> driver, const LibraryFinder& finder, CubinCache cache);

// The major version of CUDA that a driver knows.
int cuda_of(const Driver& driver);

}  // namespace dl::cuda
