// A roofline picture (Williams, Waterman, Patterson 2009): what each kernel reaches below the machine's measured
// limits.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "app/measure/limits.h"
#include "lib/device/program.h"

namespace dl {

// An SVG document, readable without colours: FLOP/s over FLOP a byte, both logarithmic; a roof for each limit, a circle
// for each kernel and shape, its area by time; those that took the longest are numbered and listed.
std::string roofline_svg(const std::string& title, const DeviceLimits& limits,
                         const std::vector<Program::KernelCall>& kernels);

}  // namespace dl
