// Tensors with their axes in another order, as a twin's arrow says it: "oihw -> hwio".
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/graph/type.h"

namespace dl::code {

struct Arranged {
  std::vector<float> values;
  Shape shape;
};

// Each letter is an axis. An empty arrow changes nothing; one that does not fit the shape is a failed check.
Arranged arranged(std::vector<float> values, const Shape& shape, const std::string& arrow);
// The same arrow read from its end: "hwio -> oihw".
std::string reversed(const std::string& arrow);

}  // namespace dl::code
