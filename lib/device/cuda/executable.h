// A laid-out program on a GPU: its kernels as one captured graph, its inputs uploaded beside the launch before.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/device.h"

namespace dl::cuda {

class CudaDevice;

std::unique_ptr<Executable> make_executable(const Layout& layout, CudaDevice& device);

}  // namespace dl::cuda
