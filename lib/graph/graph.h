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

// What a variable is to a run. Store, checkpoints, the memory plan and resuming go by it; a name only tells variables
// apart.
enum class Role : uint8_t {
  buffer,             // a layer's own, under its path: running statistics
  parameter,          // all of them, flat
  gradient,           // of the parameters, flat: added up over the batches of an update
  optimizer_state,    // one element a parameter's, laid out as they are
  tensor_state,       // an optimizer's for one tensor, of any shape; named STATE/PATH
  average,            // of the parameters, laid out as they are: validated and evaluated in their place
  average_of_buffer,  // the same of a layer's own; named AVERAGE/PATH
  counter,
  measure,                // sums of a loss or metric
  data,                   // samples that training reads
  carried_in_training,    // by layers from batch to batch; a checkpoint has these
  carried_in_evaluation,  // or prediction
  carried_in_decoding,    // from position to position
};

// Whether updates of the parameters keep it.
constexpr bool kept_by_updates(Role role) {
  return role == Role::optimizer_state || role == Role::tensor_state || role == Role::average ||
         role == Role::average_of_buffer;
}

// A tensor that outlives a step: the parameters' arena, optimizer state, running statistics. Referred to by name.
struct Variable {
  // Over several ranks: each has all of it, the same; or each has a part, its own samples' or some of the elements.
  enum class Spread : uint8_t { same, cut };

  std::string name;
  Type type;
  Role role = Role::buffer;
  Spread spread = Spread::same;
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
