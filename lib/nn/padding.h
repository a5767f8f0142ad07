// How a window over a sequence, an image or a volume is given in a spec: sizes, strides and what is added around.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <type_traits>

#include "lib/graph/ops.h"
#include "lib/nn/doubt.h"
#include "lib/spec/schema.h"

namespace dl {

constexpr double most_window = 1 << 20;  // of a window's sizes, strides, padding and dilation

// A number for each of the axes: `3`, `[1, 3]`.
template <int rank>
using Sizes = std::conditional_t<rank == 1, int64_t, std::conditional_t<rank == 2, Pair, Triple>>;

inline Window::Axes axes_of(int64_t length) { return {length, 1, 1}; }
inline Window::Axes axes_of(Pair p) { return {p.h, p.w, 1}; }
inline Window::Axes axes_of(Triple t) { return {t.d, t.h, t.w}; }

// `2` or `[1, 2]`: that many zeros on each side; `same`: as many as give ceil(size / stride) outputs; `valid`: none;
// `causal`, of sequences where Field::one_of allows it: before the first as many as make an output see nothing behind
// it.
template <int rank>
struct Padding {
  Sizes<rank> size{0};
  bool same = false, causal = false;
};

template <int rank>
struct Codec<Padding<rank>> {
  static bool read(const Node& node, Padding<rank>& value, const Limits& limits, const Reading& r);
  static Node write(const Padding<rank>& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

// The window over x [batch, spatial …, channels]. With `same` an odd zero goes after, as in PyTorch and Keras.
template <int rank>
Window make_window(Sizes<rank> size, Sizes<rank> stride, const Padding<rank>& padding, Sizes<rank> dilation,
                   const Shape& x);

// Numbers of the window's axes as code has them: "1" of all, or "(1, 2)".
std::string sizes_text(const Window& window, const Window::Axes& numbers);
// "(3, 3)", of each axis; "((1, 1), (1, 2))", what is added before and behind each.
std::string tuple_text(const Window& window, const Window::Axes& numbers);
std::string pads_text(const Window& window);

// Reports where more zeros stand on a side than half of the window: a window could lie in them wholly.
template <int rank>
void check_padding(const Report& report, Sizes<rank> size, const Padding<rank>& padding);

// A 'padding_mode' where there is no padding.
template <int rank>
DoubtList doubt_idle_padding_mode(const std::string& padding_mode, const Padding<rank>& padding);

}  // namespace dl
