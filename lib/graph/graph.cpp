// Building graphs; equal nodes are made once.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/graph.h"

#include <functional>

#include "lib/base/error.h"
#include "lib/graph/sizes.h"

namespace dl {

namespace {

size_t hash_of(const Op& op, const std::string& attributes, const std::vector<Value>& inputs) {
  size_t hash = std::hash<std::string_view>{}(op.name()) * 31 + std::hash<std::string>{}(attributes);
  for (const Value& v : inputs) hash = hash * 1000003 + static_cast<size_t>(v.node) * 8 + static_cast<size_t>(v.output);
  return hash;
}

}  // namespace

std::vector<Value> Graph::add(std::shared_ptr<const Op> op, std::vector<Value> inputs) {
  const std::string attributes = op->attributes();
  const size_t hash = hash_of(*op, attributes, inputs);
  const auto [first, last] = known_.equal_range(hash);
  int index = -1;
  for (auto it = first; it != last && index < 0; ++it) {
    const GraphNode& known = node(it->second);
    if (known.op->name() == op->name() && known.inputs == inputs && known.op->attributes() == attributes) {
      index = it->second;
    }
  }
  if (index < 0) {
    index = append(std::move(op), std::move(inputs));
    known_.emplace(hash, index);
  }
  return results_of(index);
}

std::vector<Value> Graph::add_again(std::shared_ptr<const Op> op, std::vector<Value> inputs) {
  return results_of(append(std::move(op), std::move(inputs)));
}

int Graph::append(std::shared_ptr<const Op> op, std::vector<Value> inputs) {
  std::vector<Type> types;
  for (const Value& v : inputs) {
    DL_CHECK(v.graph == this, "input of ", op->name(), " belongs to another graph");
    types.push_back(v.type());
  }
  std::vector<Type> outputs = op->infer(types);
  for (const Type& type : outputs) require_counted(type);
  nodes_.push_back({std::move(op), std::move(inputs), std::move(outputs), scope, phase});
  return size() - 1;
}

std::vector<Value> Graph::results_of(int index) {
  std::vector<Value> values;
  for (size_t i = 0; i < node(index).types.size(); ++i) values.push_back({this, index, static_cast<int>(i)});
  return values;
}

Value Graph::add_one(std::shared_ptr<const Op> op, std::vector<Value> inputs) {
  const std::vector<Value> values = add(std::move(op), std::move(inputs));
  DL_CHECK(values.size() == 1, "expected one output, got ", values.size());
  return values[0];
}

void Graph::output(std::string name, Value value) {
  DL_CHECK(value.graph == this, "output ", name, " belongs to another graph");
  outputs_.push_back({std::move(name), value});
}

void Graph::assign(const std::string& variable, Value value) {
  DL_CHECK(value.graph == this, "the value of ", variable, " belongs to another graph");
  for (const Named& known : assigns_) DL_CHECK(known.name != variable, variable, " is assigned twice");
  assigns_.push_back({variable, value});
}

std::string Graph::text() const {
  auto name = [](const Value& v) { return concat("%", v.node, v.output ? concat(".", v.output) : ""); };
  std::string out;
  for (int i = 0; i < size(); ++i) {
    const GraphNode& n = node(i);
    out += concat("%", i, " = ", n.op->name());
    const std::string attributes = n.op->attributes();
    if (!attributes.empty()) out += "{" + attributes + "}";
    out += "(";
    for (size_t k = 0; k < n.inputs.size(); ++k) out += (k ? ", " : "") + name(n.inputs[k]);
    out += ") ->";
    for (const Type& type : n.types) out += concat(" ", name_of(type.dtype), type.shape.text());
    out += "\n";
  }
  for (const Named& a : assigns_) out += concat(a.name, " <- ", name(a.value), "\n");
  for (const Named& o : outputs_) out += concat("output ", o.name, " = ", name(o.value), "\n");
  return out;
}

}  // namespace dl
