// Values and the operations that make them, in the order they were built (which is a topological order).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/graph/op.h"

namespace dl {

// A tensor that outlives a step: the parameters' arena, optimizer state, running statistics. Referred to by name.
struct Variable {
  std::string name;
  Type type;
  bool operator==(const Variable&) const = default;
};

// Which part of a training step a node belongs to.
enum class Phase : uint8_t { forward, backward, update };

struct GraphNode {
  std::shared_ptr<const Op> op;
  std::vector<Value> inputs;
  std::vector<Type> types;  // one an output
  std::string scope;        // path of the layer that built it, "3.conv1"; empty outside the model
  Phase phase = Phase::forward;
};

class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // Adds a node; an equal one that exists already is returned in its place (common subexpressions).
  std::vector<Value> add(std::shared_ptr<const Op> op, std::vector<Value> inputs);
  Value add_one(std::shared_ptr<const Op> op, std::vector<Value> inputs);
  // Adds a node though there is an equal one: its results are to be computed a second time.
  std::vector<Value> add_again(std::shared_ptr<const Op> op, std::vector<Value> inputs);

  const GraphNode& node(int index) const { return nodes_[static_cast<size_t>(index)]; }
  int size() const { return static_cast<int>(nodes_.size()); }

  // A named result of the program, readable after a run.
  void output(std::string name, Value value);
  // After everything that reads it, the variable takes this value. Variables keep their contents between runs.
  void assign(const std::string& variable, Value value);

  struct Named {
    std::string name;
    Value value;
  };
  const std::vector<Named>& outputs() const { return outputs_; }
  const std::vector<Named>& assigns() const { return assigns_; }

  // Given to the nodes added from now on. gradients() makes nodes of Phase::backward; what is added after it belongs to
  // Phase::update.
  std::string scope;
  Phase phase = Phase::forward;
  // Whether elementwise results inside the model (nodes with a scope) that are kept from one loop to another may be
  // kept in bf16.
  bool narrows = false;

  std::string text() const;  // one line a node, for tests and `dlcli check --graph`

 private:
  int append(std::shared_ptr<const Op> op, std::vector<Value> inputs);
  std::vector<Value> results_of(int index);

  std::vector<GraphNode> nodes_;
  std::vector<Named> outputs_;
  std::vector<Named> assigns_;
  std::unordered_multimap<size_t, int> known_;
};

}  // namespace dl
