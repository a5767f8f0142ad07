// The machine that this process runs on.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace dl {

std::string host_name();  // as the network knows it; "" where the system does not say

}  // namespace dl
