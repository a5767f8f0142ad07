// What makes one tensor of several.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

template <const auto& name>
Made merge_of(const Settings&) {
  return {.layers = {name}, .is_merge = true};
}
constexpr char add_name[] = "add", sub_name[] = "sub", mul_name[] = "mul", average_name[] = "average",
               maximum_name[] = "maximum", minimum_name[] = "minimum";

Made concatenate_layer(const Settings& s) {
  return {.layers = {concat("concat: ", s.whole("axis", -1))}, .is_merge = true};
}

// Of two vectors.
Made dot(const Settings& s) {
  if (s.whole("rank", 2) != 2) s.refuse("a product of more than vectors has no counterpart");
  return {.layers = {concat("dot: {normalize: ", yes(s.flag("normalize", false)), "}")}, .is_merge = true};
}

}  // namespace

const LayerTable& merging_layers() {
  static const LayerTable table = {
      {"Add", merge_of<add_name>},         {"Average", merge_of<average_name>},
      {"Concatenate", concatenate_layer},  {"Dot", dot},
      {"Maximum", merge_of<maximum_name>}, {"Minimum", merge_of<minimum_name>},
      {"Multiply", merge_of<mul_name>},    {"Subtract", merge_of<sub_name>},
  };
  return table;
}

}  // namespace dl::keras
