// What layers are called elsewhere, for readers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>

namespace dl::code {

// By target ("pytorch", "keras", "flax") what a registered layer is there, "nn.Conv2d", or where it is an expression
// that, "x + x1"; of an input that some of its examples take. Targets where it is its operations are left out.
std::map<std::string, std::string> names_elsewhere(const std::string& layer);

}  // namespace dl::code
