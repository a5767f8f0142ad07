// How a window over an image is given in a spec: sizes, strides and what is added around the image.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"
#include "lib/spec/schema.h"

namespace dl {

constexpr double most_window = 1 << 20;  // of a window's sizes, strides, padding and dilation

// `2` or `[1, 2]`: that many zeros on each side; `same`: as many as keep the size at stride 1; `valid`: none.
struct Padding {
  Pair size;
  bool same = false;
};

template <>
struct Codec<Padding> {
  static bool read(const Node& node, Padding& value, const Limits& limits, const Reading& r);
  static Node write(const Padding& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

// With `same` an odd zero goes after, as in PyTorch.
Window make_window(Pair size, Pair stride, const Padding& padding, Pair dilation = 1);

}  // namespace dl
