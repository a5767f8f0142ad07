// What the items of a model list read: `from:`, and the names that it may give.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <vector>

#include "lib/spec/reading.h"

namespace dl {

inline constexpr const char* block_input = "x";  // the first input of a block, and a model's single one

// The inputs of one list, which are negative, and the items so far that have a `name:`.
class ItemNames {
 public:
  // `others_are_inputs`: a name that nothing else has is taken for an input.
  ItemNames(const std::vector<std::string>& inputs, bool others_are_inputs);
  void add_input(const std::string& name, int position) { positions_[name] = position; }

  // The names in a value, alone or in a list, where all are names that may be read; else none.
  std::vector<std::string> named_in(const Node& value) const;

  // Gives the item of this index its name; false where it cannot have it, which is reported.
  bool name_item(const Node& name, int index, const Reading& r);

  // What the item reads: its `from:`, or else the item before. A block that needs `others` besides x may be given its
  // inputs by name; where one is missing there are fewer, which the block tells.
  std::vector<int> inputs_of(const Node& item, const Where& where, int index, const std::vector<std::string>& others,
                             const Reading& r) const;

 private:
  std::vector<std::string> known() const;
  std::string names_help() const;
  std::vector<int> listed(const Node& from, int index, const Reading& r) const;
  std::vector<int> by_name(const Node& from, int index, const std::vector<std::string>& others, const Reading& r) const;

  std::map<std::string, int> positions_;
  const bool others_are_inputs_;
};

}  // namespace dl
