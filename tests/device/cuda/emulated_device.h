// The device "cuda" over the emulated driver, threads and libraries.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/cuda/cuda.h"
#include "tests/device/cuda/emulated_driver.h"

namespace dl::cuda {

struct EmulatedLibraries {
  bool cublas_lt = true, cudnn = true;
  bool adds_bias = true;  // cuBLASLt, to its products
};

// Throws Error(Exit::usage) where there is no compiler for its kernels. Registered are "cuda (emulated)", and "cuda
// (no libraries)" whose products and convolutions are our own kernels; tests over all devices meet them with
// DLCLI_EMULATED_CUDA=1 in the environment.
std::unique_ptr<CudaDevice> make_emulated_device(const DeviceOptions& options, const EmulatedGpu& gpu = {},
                                                 EmulatedLibraries libraries = {});

}  // namespace dl::cuda
