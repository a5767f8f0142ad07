// Padding in a spec.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/padding.h"

#include <algorithm>

#include "lib/graph/sizes.h"

namespace dl {

namespace {

bool takes_causal(const Limits& limits) { return std::ranges::count(limits.one_of, "causal") > 0; }

}  // namespace

template <int rank>
bool Codec<Padding<rank>>::read(const Node& node, Padding<rank>& value, const Limits& limits, const Reading& r) {
  const std::optional<std::string> word = node.as_string();
  const bool causal = word == "causal" && takes_causal(limits);
  if (causal || word == "same" || word == "valid") {
    value = {.size = 0, .same = word == "same", .causal = causal};
    return true;
  }
  if ((!node.is_list() || rank == 1) && !node.as_integer()) {
    const auto is = [&](const char* known) { return node.is_scalar() && same_word(node.text, known); };
    r.expected(node, type(limits),
               is("same")                                 ? "write 'same'"
               : is("valid") || is("none") || is("false") ? "write 'valid'"
               : is("causal") && takes_causal(limits)     ? "write 'causal'"
               : is("reflect") || is("replicate") || is("zeros")
                   ? "write a number, and 'padding_mode: " + node.text + "'"
                   : "");
    return false;
  }
  Limits sizes = limits;
  sizes.at_least = 0;
  value.same = value.causal = false;
  return Codec<Sizes<rank>>::read(node, value.size, sizes, r);
}

template <int rank>
Node Codec<Padding<rank>>::write(const Padding<rank>& value) {
  if (value.same || value.causal) return Node::string(value.same ? "same" : "causal");
  return Codec<Sizes<rank>>::write(value.size);
}

template <int rank>
std::string Codec<Padding<rank>>::type(const Limits& limits) {
  const std::string list = rank == 1 ? "" : rank == 2 ? ", [height, width]" : ", [depth, height, width]";
  return "a number of zeros" + list + (takes_causal(limits) ? ", 'same', 'valid' or 'causal'" : ", 'same' or 'valid'");
}

template <int rank>
Node Codec<Padding<rank>>::json_schema(const Limits& limits) {
  Node words = Node::map();
  Node known = Node::list({Node::string("same"), Node::string("valid")});
  if (takes_causal(limits)) known.items.push_back(Node::string("causal"));
  words.set("enum", known);
  Node any = Node::map();
  any.set("anyOf", Node::list({Codec<Sizes<rank>>::json_schema(limits), words}));
  return any;
}

template <int rank>
Window make_window(Sizes<rank> size, Sizes<rank> stride, const Padding<rank>& padding, Sizes<rank> dilation,
                   const Shape& x) {
  Window w{.rank = rank, .size = axes_of(size), .stride = axes_of(stride), .dilation = axes_of(dilation)};
  w.pad_before = w.pad_after = axes_of(padding.size);
  for (size_t i = 0; padding.same && i < static_cast<size_t>(rank); ++i) {
    const int64_t input = x[static_cast<int>(i) + 1], outputs = (plus(input, w.stride[i]) - 1) / w.stride[i];
    const int64_t reach = plus(times(outputs - 1, w.stride[i]), times(w.dilation[i], w.size[i] - 1)) + 1;
    const int64_t total = std::max<int64_t>(reach - input, 0);
    w.pad_before[i] = total / 2;
    w.pad_after[i] = total - total / 2;
  }
  if (padding.causal) w.pad_before[0] = times(w.dilation[0], w.size[0] - 1);
  return w;
}

std::string sizes_text(const Window& window, const Window::Axes& numbers) {
  if (window.all(numbers, numbers[0])) return std::to_string(numbers[0]);
  std::string text;
  for (size_t i = 0; i < static_cast<size_t>(window.rank); ++i) text += concat(i == 0 ? "(" : ", ", numbers[i]);
  return text + ")";
}

std::string tuple_text(const Window& window, const Window::Axes& numbers) {
  std::string text = "(";
  for (size_t i = 0; i < static_cast<size_t>(window.rank); ++i) text += concat(i == 0 ? "" : ", ", numbers[i]);
  return text + (window.rank == 1 ? ",)" : ")");
}

std::string pads_text(const Window& window) {
  std::string text = "(";
  for (size_t i = 0; i < static_cast<size_t>(window.rank); ++i)
    text += concat(i == 0 ? "(" : ", (", window.pad_before[i], ", ", window.pad_after[i], ")");
  return text + (window.rank == 1 ? ",)" : ")");
}

template <int rank>
void check_padding(const Report& report, Sizes<rank> size, const Padding<rank>& padding) {
  const Window::Axes sizes = axes_of(size), zeros = axes_of(padding.size);
  for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
    if (2 * zeros[i] <= sizes[i]) continue;
    return report.at("padding", "expected at most half of kernel_size", "lower padding, or raise kernel_size");
  }
}

template <int rank>
DoubtList doubt_idle_padding_mode(const std::string& padding_mode, const Padding<rank>& padding) {
  const Window::Axes places = axes_of(padding.size);
  const bool pads = padding.same || padding.causal ||
                    std::any_of(places.begin(), places.begin() + rank, [](int64_t each) { return each > 0; });
  if (pads || padding_mode == "zeros") return {};
  return {{"'padding_mode' says what the padding is, and there is none",
           "write 'padding: same', or leave 'padding_mode' out"}};
}

#define DL_PADDING(rank)                                                                                        \
  template struct Codec<Padding<rank>>;                                                                         \
  template Window make_window<rank>(Sizes<rank>, Sizes<rank>, const Padding<rank>&, Sizes<rank>, const Shape&); \
  template void check_padding<rank>(const Report&, Sizes<rank>, const Padding<rank>&);                          \
  template DoubtList doubt_idle_padding_mode<rank>(const std::string&, const Padding<rank>&)
DL_PADDING(1);
DL_PADDING(2);
DL_PADDING(3);
#undef DL_PADDING

}  // namespace dl
