// Devices behind a wall: their memory cannot be touched but by their own launches and copies, what is fed to them is
// copied, and launches run late. What passes on them keeps to the contracts of lib/device/device.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/device.h"

namespace dl::testing {

// Computes as the other does, in memory that faults otherwise. Registered are "walled", the reference device, "walled
// cpu", and "walled ahead", the reference device that says Device::runs_ahead(); with DLCLI_WALLED=1 in the environment
// every device is walled.
std::unique_ptr<Device> walled(std::unique_ptr<Device> inner);

// Programs that were launched behind walls until now.
int64_t launches_behind_walls();

}  // namespace dl::testing
