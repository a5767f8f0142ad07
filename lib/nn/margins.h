// Places added to or taken from the ends of axes, in a spec.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <vector>

#include "lib/nn/layer.h"

namespace dl {

// `2`: at both ends of each axis between the batch and the channels; `[1, 2]`: at both ends of each, in their order;
// `[[1, 0], [2, 3]]`: before and behind of each.
struct Margins {
  struct Ends {
    int64_t before = 0, behind = 0;
    bool operator==(const Ends&) const = default;
  };
  std::vector<Ends> axes;
  bool each = false;  // `axes` has one entry, for each axis

  // Of axis 1, 2, … of x; ShapeError where x has other axes.
  std::vector<Ends> of(const Shape& x) const;
};

template <>
struct Codec<Margins> {
  static bool read(const Node& node, Margins& value, const Limits& limits, const Reading& r);
  static Node write(const Margins& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

// What stands in the places that are added to an axis.
enum class PadMode : uint8_t { constant, reflect, replicate, circular };
constexpr std::array<const char*, 4> pad_modes{"constant", "reflect", "replicate", "circular"};
PadMode pad_mode(const std::string& name);

// x with places before and behind those of an axis: `value` (constant), the places mirrored at the first and last
// (reflect), the first and last again (replicate), those of the other end (circular).
Value padded(Value x, int axis, Margins::Ends ends, PadMode mode, double value = 0);

}  // namespace dl
