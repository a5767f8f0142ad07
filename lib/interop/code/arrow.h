// Tensors with their axes in another order, as a twin's arrow says it: "oihw -> hwio".
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/graph/type.h"
#include "lib/nn/twins.h"

namespace dl::code {

struct Arranged {
  std::vector<float> values;
  Shape shape;
};

// Each letter is an axis. An empty arrow changes nothing; one that does not fit the shape is a failed check.
Arranged arranged(std::vector<float> values, const Shape& shape, const std::string& arrow);
// What of our tensor lies at such a place elsewhere: a row of what is there, where that has several.
Arranged placed(const std::vector<float>& values, const Shape& shape, const Twin::Place& place);
// Of all that lies there.
Shape placed_shape(const Shape& shape, const Twin::Place& place);
// Sets that part of our tensor's values to what lies there.
void put_back(const std::vector<float>& there, const Twin::Place& place, const Shape& shape,
              std::vector<float>& values);
// The same arrow read from its end: "hwio -> oihw".
std::string reversed(const std::string& arrow);

}  // namespace dl::code
