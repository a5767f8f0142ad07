// Which layer or block an item of the model list is.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/spec/reading.h"

namespace dl {

bool is_layer(const std::string& name);  // registered as one
// Whether a value may stand behind the layer's name, for one of its keys: linear: 10.
bool is_value_of(const std::string& layer, const Node& value);
bool stands_beside_a_layer(const std::string& key);  // one of item_keys

struct ItemType {
  std::string name;                    // empty where the item is none
  const Node::Entry* entry = nullptr;  // the name with its keys; null where it stands alone
  Where where;

  Node written() const;  // `relu` or {conv2d: {…}}, at its place
};

// Reports what is wrong with a layer, as far as it can be told where ${…} are left in it.
void check_layer(const ItemType& type, const Reading& r);

class ItemTypes {
 public:
  explicit ItemTypes(std::vector<std::string> blocks) : blocks_(std::move(blocks)) {}

  // The item's one layer or block. Anything else is reported, and so is what is indented below a layer and belongs
  // beside it.
  ItemType of(const Node& item, const Reading& r) const;
  // Reports a name that is no layer and like a block's.
  bool is_misspelt_block(const ItemType& type, const Reading& r) const;
  std::string meant(const std::string& name) const;  // a block, or a layer by its name here or elsewhere; else empty

 private:
  bool is_block(const std::string& name) const;
  void report_several(const Node& item, const std::vector<std::string>& types, const Reading& r) const;
  bool has_layer_below(const ItemType& type, const Reading& r) const;

  const std::vector<std::string> blocks_;
};

}  // namespace dl
