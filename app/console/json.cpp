// Building and printing JSON objects.
// SPDX-License-Identifier: Apache-2.0
#include "app/console/json.h"

#include <cmath>

namespace dl {

Node json_object(std::initializer_list<std::pair<const char*, Node>> entries) {
  Node object = Node::map();
  for (const auto& [key, value] : entries) object.set(key, value);
  return object;
}

Node json_number(double value) { return std::isfinite(value) ? Node::number(value) : Node::null(); }

Node json_object(const std::vector<Measured>& values) {
  Node object = Node::map();
  for (const Measured& m : values) object.set(m.name, json_number(m.value));
  return object;
}

Node json_list(const std::vector<std::string>& texts) {
  Node list = Node::list();
  for (const std::string& text : texts) list.items.push_back(Node::string(text));
  return list;
}

Node json_sizes(const std::vector<int64_t>& sizes) {
  Node list = Node::list();
  for (int64_t size : sizes) list.items.push_back(Node::integer(size));
  return list;
}

Node json_inputs(const Network& network) {
  Node object = Node::map();
  for (const Network::Input& input : network.inputs()) object.set(input.name, json_sizes(input.type.shape.sizes()));
  return object;
}

std::string json_line(const Node& object) { return to_json(object, 0) + "\n"; }

}  // namespace dl
