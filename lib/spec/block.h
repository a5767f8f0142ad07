// A block of layers: its definition in `blocks:`, and the values of its params where it is used.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/spec/reading.h"

namespace dl {

using BlockValues = std::map<std::string, Node>;  // of a block's params

struct ModelBlock {
  std::string name;
  Where where;
  std::string label;                // "blocks.basic"
  Node params;                      // a map of defaults, null where a value must be given; or null
  Node layers;                      // a list
  std::vector<std::string> inputs;  // besides x

  // Whether a use at `where` may have these keys, null where it has none; where not, it is reported.
  bool takes(const Node& given, const Where& where, const Reading& r) const;
  // The values for one use at `where`, whose keys are `given`, null where it has none. Nothing where one is missing or
  // unknown, which is reported.
  std::optional<BlockValues> values(const Node& given, const Where& where, const Reading& r) const;
};

// The definitions in a `blocks:` map that are good; the others are reported.
std::vector<ModelBlock> read_blocks(const Node& blocks, const std::string& label, std::vector<Problem>& problems);

// The layers with each ${NAME} replaced.
Node with_values(const Node& layers, const BlockValues& values, const Reading& r);

}  // namespace dl
