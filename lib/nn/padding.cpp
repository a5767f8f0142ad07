// Padding in a spec.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/padding.h"

#include "lib/graph/sizes.h"

namespace dl {

bool Codec<Padding>::read(const Node& node, Padding& value, const Limits& limits, const Reading& r) {
  const std::optional<std::string> word = node.as_string();
  if (word && (*word == "same" || *word == "valid")) {
    value = {.size = 0, .same = *word == "same"};
    return true;
  }
  if (!node.is_list() && !node.as_integer()) {
    r.expected(node, type(limits));
    return false;
  }
  Limits sizes = limits;
  sizes.at_least = 0;
  value.same = false;
  return Codec<Pair>::read(node, value.size, sizes, r);
}

Node Codec<Padding>::write(const Padding& value) {
  return value.same ? Node::string("same") : Codec<Pair>::write(value.size);
}

std::string Codec<Padding>::type(const Limits&) { return "a number of zeros, [height, width], 'same' or 'valid'"; }

Node Codec<Padding>::json_schema(const Limits& limits) {
  Node words = Node::map();
  words.set("enum", Node::list({Node::string("same"), Node::string("valid")}));
  Node any = Node::map();
  any.set("anyOf", Node::list({Codec<Pair>::json_schema(limits), words}));
  return any;
}

Window make_window(Pair size, Pair stride, const Padding& padding, Pair dilation) {
  Window w{.size = {size.h, size.w}, .stride = {stride.h, stride.w}, .dilation = {dilation.h, dilation.w}};
  w.pad_before = w.pad_after = {padding.size.h, padding.size.w};
  if (padding.same) {
    for (size_t i = 0; i < 2; ++i) {
      const int64_t total = times(w.dilation[i], w.size[i] - 1);
      w.pad_before[i] = total / 2;
      w.pad_after[i] = total - total / 2;
    }
  }
  return w;
}

}  // namespace dl
