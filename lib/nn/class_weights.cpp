// Weights of classes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/class_weights.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/ops/generate.h"
#include "lib/nn/class_target.h"

namespace dl {
namespace {

using List = std::vector<double>;
using Map = std::map<std::string, double>;

std::vector<double> in_order(const Map& by_name, std::span<const std::string> classes) {
  if (classes.empty()) throw ShapeError("expected weights in the classes' order, as the classes have no names");
  std::vector<double> values;
  for (const std::string& name : classes) {
    const auto found = by_name.find(name);
    if (found == by_name.end())
      throw ShapeError(concat("there is no weight for the class '", name, "'"),
                       concat("add '", name, ": 1'; the classes are ", join(classes)));
    values.push_back(found->second);
  }
  for (const auto& [name, weight] : by_name)
    if (std::ranges::count(classes, name) == 0)
      throw ShapeError(concat("a weight is given for the class '", name, "', which the data do not have"),
                       concat("remove it; the classes are ", join(classes)));
  return values;
}

std::vector<double> balance(std::vector<int64_t> counts, std::span<const std::string> classes,
                            std::optional<int64_t> ignore_index) {
  const auto is_ignored = [&](size_t i) { return ignore_index == static_cast<int64_t>(i); };
  int64_t all = 0, kinds = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (is_ignored(i)) counts[i] = 0;
    all += counts[i];
    kinds += is_ignored(i) ? 0 : 1;
  }
  std::vector<double> values;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0 && !is_ignored(i))
      throw ShapeError(
          concat("'balanced' gives no weight to the class ",
                 i < classes.size() ? "'" + classes[i] + "'" : std::to_string(i), ": no training sample has it"),
          "write the weights as a list, in the classes' order");
    values.push_back(is_ignored(i) ? 0 : static_cast<double>(all) / static_cast<double>(kinds * counts[i]));
  }
  return values;
}

}  // namespace

void ClassWeights::resolve(const Labels& labels, std::optional<int64_t> ignore_index) {
  if (!given()) return;
  if (!by_name.empty()) values = in_order(by_name, labels.classes);
  if (balanced) values = balance(labels.count(), labels.classes, ignore_index);
  if (static_cast<int64_t>(values.size()) != labels.values)
    throw ShapeError(concat("expected a weight for each of the ", labels.values,
                            " values that the model ends with, got ", values.size()),
                     "write one weight a class, in the classes' order");
  by_name.clear();
  balanced = false;
}

Value ClassWeights::of_classes(Graph& g) const { return numbers(g, {values.begin(), values.end()}); }

Value ClassWeights::of_targets(Value prediction, Value target) const {
  return sum(hits(prediction, target) * of_classes(*prediction.graph), {-1});
}

bool Codec<ClassWeights>::read(const Node& node, ClassWeights& value, const Limits& limits, const Reading& r) {
  ClassWeights read;
  if (node.is_null()) {
    value = {};
    return true;
  }
  if (node.is_list() && !node.items.empty()) {
    if (!Codec<List>::read(node, read.values, limits, r)) return false;
  } else if (node.is_map() && !node.entries.empty()) {
    if (!Codec<Map>::read(node, read.by_name, limits, r)) return false;
  } else if (node.is_scalar() && node.text == "balanced") {
    read.balanced = true;
  } else {
    r.expected(node, type(limits),
               concat("write '[1, 5]', or 'balanced'",
                      node.as_number() ? "; a weight of the loss stands beside its name, below 'losses'" : ""));
    return false;
  }
  const auto is_positive = [](double weight) { return weight > 0; };
  if (!read.balanced && std::ranges::none_of(read.values, is_positive) &&
      std::none_of(read.by_name.begin(), read.by_name.end(), [&](const auto& entry) { return entry.second > 0; })) {
    r.problem(node.where, "expected a weight above 0, all are 0", "write 1 for a class that counts as it is");
    return false;
  }
  value = std::move(read);
  return true;
}

Node Codec<ClassWeights>::write(const ClassWeights& value) {
  if (value.balanced) return Node::string("balanced");
  if (!value.by_name.empty()) return Codec<Map>::write(value.by_name);
  return value.values.empty() ? Node::null() : Codec<List>::write(value.values);
}

std::string Codec<ClassWeights>::type(const Limits& limits) {
  return "balanced, " + Codec<List>::type(limits) + ", or a map of them by class";
}

Node Codec<ClassWeights>::json_schema(const Limits& limits) {
  Node balanced = Node::map();
  balanced.set("const", Node::string("balanced"));
  Node any = Node::map();
  any.set("anyOf",
          Node::list({std::move(balanced), Codec<List>::json_schema(limits), Codec<Map>::json_schema(limits)}));
  return json_schema::or_null(std::move(any));
}

}  // namespace dl
