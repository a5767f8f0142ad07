// Windows: how many places they take, and how that is said.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/window.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/graph/sizes.h"

namespace dl {

int64_t Window::output(int axis, int64_t input) const {
  const size_t i = static_cast<size_t>(axis);
  const int64_t room = plus(input, plus(pad_before[i], pad_after[i])) - times(dilation[i], size[i] - 1) - 1;
  return room < 0 ? 0 : room / stride[i] + 1;
}

bool Window::all(const Axes& numbers, int64_t n) const {
  return std::all_of(numbers.begin(), numbers.begin() + rank, [n](int64_t number) { return number == n; });
}

std::string Window::text() const {
  std::string pads;
  for (size_t i = 0; i < static_cast<size_t>(rank); ++i)
    pads += concat(i > 0 ? "x" : "", pad_before[i], "+", pad_after[i]);
  return concat(text_of(*this, size), " stride ", text_of(*this, stride), " pad ", pads, " dilation ",
                text_of(*this, dilation));
}

std::string text_of(const Window& window, const Window::Axes& numbers) {
  std::string text;
  for (size_t i = 0; i < static_cast<size_t>(window.rank); ++i) text += concat(i > 0 ? "x" : "", numbers[i]);
  return text;
}

int64_t product_of(const Window& window, const Window::Axes& numbers) {
  int64_t product = 1;
  for (size_t i = 0; i < static_cast<size_t>(window.rank); ++i) product = times(product, numbers[i]);
  return product;
}

Window::Axes spatial_sizes(const Shape& x) {
  Window::Axes sizes{1, 1, 1};
  for (int axis = 0; axis + 2 < x.rank(); ++axis) sizes[static_cast<size_t>(axis)] = x[axis + 1];
  return sizes;
}

std::string text_of_sizes(const Shape& x) {
  static constexpr const char* kinds[] = {"a length of ", "an image of ", "a volume of "};
  const Window of_rank{.rank = x.rank() - 2};
  return kinds[x.rank() - 3] + text_of(of_rank, spatial_sizes(x));
}

Shape output_shape(const Window& window, const Shape& x, int64_t channels, const std::string& what,
                   const std::string& help) {
  Shape y = x;
  for (int axis = 0; axis < window.rank; ++axis) {
    y[axis + 1] = window.output(axis, x[axis + 1]);
    if (y[axis + 1] < 1) throw ShapeError(concat(what, " does not fit into ", text_of_sizes(x)), help);
  }
  y[-1] = channels;
  return y;
}

}  // namespace dl
