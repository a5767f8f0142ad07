// Margins and padding.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/margins.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/graph/sizes.h"
#include "lib/nn/axes.h"

namespace dl {

namespace {

constexpr int64_t most_margin = 1 << 20;

std::optional<int64_t> count_of(const Node& node) {
  const std::optional<int64_t> n = node.as_integer();
  return n && *n >= 0 && *n <= most_margin ? n : std::nullopt;
}

std::optional<Margins::Ends> ends_of(const Node& node) {
  if (const auto both = count_of(node)) return Margins::Ends{*both, *both};
  if (!node.is_list() || node.items.size() != 2) return std::nullopt;
  const auto before = count_of(node.items[0]), behind = count_of(node.items[1]);
  if (!before || !behind) return std::nullopt;
  return Margins::Ends{*before, *behind};
}

}  // namespace

bool Codec<Margins>::read(const Node& node, Margins& value, const Limits& limits, const Reading& r) {
  Margins found;
  if (const auto both = count_of(node)) {
    found = {.axes = {{*both, *both}}, .each = true};
  } else if (node.is_list() && !node.items.empty() && node.items.size() <= 3) {
    for (const Node& item : node.items) {
      const auto ends = ends_of(item);
      if (!ends) break;
      found.axes.push_back(*ends);
    }
    if (found.axes.size() != node.items.size()) found.axes.clear();
  }
  if (found.axes.empty()) {
    r.expected(node, type(limits));
    return false;
  }
  value = std::move(found);
  return true;
}

Node Codec<Margins>::write(const Margins& value) {
  if (value.each) return Node::integer(value.axes[0].before);
  Node axes = Node::list();
  for (const Margins::Ends& ends : value.axes) {
    axes.items.push_back(ends.before == ends.behind
                             ? Node::integer(ends.before)
                             : Node::list({Node::integer(ends.before), Node::integer(ends.behind)}));
  }
  return axes;
}

std::string Codec<Margins>::type(const Limits&) {
  return "a number of places, or a list with a number or [before, behind] for each of the axes between the batch and "
         "the "
         "channels";
}

Node Codec<Margins>::json_schema(const Limits&) {
  Node number = Node::map();
  number.set("type", Node::string("integer"));
  number.set("minimum", Node::integer(0));
  Node any = Node::map();
  any.set("anyOf",
          Node::list({number, json_schema::list_of(number), json_schema::list_of(json_schema::list_of(number))}));
  return any;
}

std::vector<Margins::Ends> Margins::of(const Shape& x) const {
  const int spatial = x.rank() - 2;
  if (spatial < 1) {
    throw ShapeError(concat("expected a sequence, an image or a volume, got shape ", x.without_batch().text()),
                     "put 'unflatten: [-1, 1]' before it where these are numbers along a line");
  }
  if (each) return std::vector<Ends>(static_cast<size_t>(spatial), axes[0]);
  if (static_cast<int>(axes.size()) != spatial) {
    throw ShapeError(concat("expected sizes of ", spatial, spatial == 1 ? " axis" : " axes", ", as ",
                            x.without_batch().text(), " has them before its channels, got ", axes.size()),
                     spatial == 1 && axes.size() == 2 ? concat("write [[", axes[0].before, ", ", axes[1].before, "]]")
                                                      : "write a number or [before, behind] for each axis");
  }
  return axes;
}

PadMode pad_mode(const std::string& name) {
  return static_cast<PadMode>(std::find(pad_modes.begin(), pad_modes.end(), name) - pad_modes.begin());
}

Value padded(Value x, int axis, Margins::Ends ends, PadMode mode, double value) {
  if (ends == Margins::Ends{}) return x;
  const int64_t size = x.shape()[axis];
  if (mode == PadMode::constant) {
    x = as_f32(x);
    const auto filled = [&](int64_t count) {
      Shape shape = x.shape();
      shape[axis] = count;
      return broadcast_to(constant(*x.graph, value), shape);
    };
    std::vector<Value> parts;
    if (ends.before > 0) parts.push_back(filled(ends.before));
    parts.push_back(x);
    if (ends.behind > 0) parts.push_back(filled(ends.behind));
    return concatenate(std::move(parts), axis);
  }
  const int64_t most = mode == PadMode::reflect ? size - 1 : mode == PadMode::circular ? size : most_margin;
  if (std::max(ends.before, ends.behind) > most) {
    throw ShapeError(concat("cannot add ", std::max(ends.before, ends.behind), " places to ", size, " by mode '",
                            pad_modes[static_cast<size_t>(mode)], "', which has at most ", most),
                     "lower it, or write mode 'replicate' or 'constant'");
  }
  std::vector<int64_t> places;
  for (int64_t i = -ends.before; i < plus(size, ends.behind); ++i) {
    switch (mode) {
      case PadMode::reflect: places.push_back(i < 0 ? -i : i < size ? i : 2 * (size - 1) - i); break;
      case PadMode::circular: places.push_back((i + size) % size); break;
      default: places.push_back(std::clamp<int64_t>(i, 0, size - 1));
    }
  }
  return take(x, axis, places);
}

}  // namespace dl
