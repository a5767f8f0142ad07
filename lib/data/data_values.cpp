// What a config may read of its data, ${data.classes} and others.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/data/data_spec.h"
#include "lib/data/targeted.h"

namespace dl {

std::map<std::string, Node> data_values(const DataSets& sets) {
  const SampleField& input = sets.inputs.at(0);
  const Shape& shape = input.type.shape;
  std::map<std::string, Node> values{{"data.features", Node::integer(shape.elements())}};
  if (!sets.classes.empty()) values["data.classes"] = Node::integer(static_cast<int64_t>(sets.classes.size()));
  if (sets.target.dtype == DType::f32) values["data.targets"] = Node::integer(sets.target.shape.elements());
  if (input.type.dtype == DType::i32 && shape.rank() == 1) values["data.length"] = Node::integer(shape[0]);
  if (input.values > 0) values["data.vocabulary"] = Node::integer(input.values);
  if (shape.rank() == 3) {
    values["data.height"] = Node::integer(shape[0]);
    values["data.width"] = Node::integer(shape[1]);
    values["data.channels"] = Node::integer(shape[2]);
  }
  std::vector<Node> names, columns, categories;
  for (const SampleField& field : sets.inputs) {
    names.push_back(Node::string(field.name));
    if (field.type.dtype != DType::i32 || field.type.shape.rank() > 0) continue;
    columns.push_back(names.back());
    categories.push_back(Node::integer(field.values));
    values["data.categories." + field.name] = categories.back();
  }
  const std::vector<std::string> targets = target_names(*sets.train);
  for (const SampleField& field : sets.train->fields())
    if (field.name != "y" && field.values > 0 && std::ranges::count(targets, field.name) > 0)
      values["data.categories." + field.name] = Node::integer(field.values);
  values["data.inputs"] = Node::list(std::move(names));
  values["data.columns"] = Node::list(std::move(columns));
  values["data.categories"] = Node::list(std::move(categories));
  return values;
}

std::map<std::string, Node> data_stand_ins() {
  const Node one = Node::integer(1), none = Node::list({});
  return {{"data.channels", one},   {"data.classes", one},     {"data.features", one},
          {"data.height", one},     {"data.length", one},      {"data.targets", one},
          {"data.vocabulary", one}, {"data.width", one},       {"data.inputs", Node::list({Node::string("x")})},
          {"data.columns", none},   {"data.categories", none}, {"data.categories.*", one}};
}

std::vector<std::string> data_value_names() {
  std::vector<std::string> names;
  for (const auto& [name, value] : data_stand_ins())
    if (!name.ends_with(".*")) names.push_back(name);
  return names;
}

}  // namespace dl
