// Writing a graph anew, node by node: what all passes from graph to graph share. A node keeps what it has, its scope
// and its phase, and the graph its flags, unless the pass says otherwise.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "lib/graph/graph.h"

namespace dl {

class Rewriter {
 public:
  // The old graph must outlive this.
  explicit Rewriter(const Graph& old) : old_(old) { made().narrows = old.narrows; }

  const Graph& old() const { return old_; }
  Graph& made() { return *made_; }

  bool has(int node, int output) const { return new_of_.contains({node, output}); }
  // What stands for a value of the old graph. A failed check where nothing does.
  Value mapped(const Value& v) const;
  std::vector<Value> mapped_inputs(int node) const;
  void put(int node, int output, Value made) { new_of_[{node, output}] = made; }

  // The node as it was, or with another operation or other inputs; its outputs stand for the old ones.
  std::vector<Value> copy(int node) { return copy(node, old_.node(node).op, mapped_inputs(node)); }
  std::vector<Value> copy(int node, std::shared_ptr<const Op> op, std::vector<Value> inputs);
  // What is added to made() from now on belongs where the old node does.
  void place_as(int node);

  // The new graph, with the outputs and assignments of the old one, whose values `value` gives: mapped(), if nothing
  // else.
  std::unique_ptr<Graph> finish();
  std::unique_ptr<Graph> finish(const std::function<Value(const Value&)>& value);
  std::unique_ptr<Graph> finish(const std::function<Value(const Value&)>& value,
                                const std::function<Value(const Graph::Named&)>& assigned);
  // The new graph with the outputs alone: no variable changes.
  std::unique_ptr<Graph> finish_outputs();

 private:
  const Graph& old_;
  std::unique_ptr<Graph> made_ = std::make_unique<Graph>();
  std::map<std::pair<int, int>, Value> new_of_;  // by node and output of the old graph
};

}  // namespace dl
