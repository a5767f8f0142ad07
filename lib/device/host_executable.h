// A laid-out program whose kernels run on the host's threads, in memory that they can address: what the devices "cpu"
// and "reference" link.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/device.h"

namespace dl {

// launch() runs everything before it returns, and kernels read inputs where they are fed from.
std::unique_ptr<Executable> make_host_executable(const Layout& layout, Device& device);

}  // namespace dl
