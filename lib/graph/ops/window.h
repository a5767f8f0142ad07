// What operations over windows say of sizes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/graph/ops.h"

namespace dl {

// The axes' numbers, "3x3".
std::string text_of(const Window& window, const Window::Axes& numbers);
// The product of the axes' numbers; ShapeError where 64 bits do not count it.
int64_t product_of(const Window& window, const Window::Axes& numbers);
// The axes of [n, spatial …, channels] that the window moves over.
Window::Axes spatial_sizes(const Shape& x);
// What these sizes are of: "a length of 9", "an image of 4x9", "a volume of 2x4x9".
std::string text_of_sizes(const Shape& x);
// [n, outputs …, channels]; ShapeError where the window does not fit, which begins with `what`, "a 3x3 kernel".
Shape output_shape(const Window& window, const Shape& x, int64_t channels, const std::string& what,
                   const std::string& help);

}  // namespace dl
