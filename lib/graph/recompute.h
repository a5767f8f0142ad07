// The recompute pass: values of the forward pass that the backward pass wants are computed again there, instead of
// being kept in memory (Chen et al. 2016, arXiv:1604.06174).
//
// It takes part after fusion and repeats what the graph has by then: the same operation on the same inputs, or the part
// of a loop that makes what is wanted from what is kept. Nothing else of the graph changes, so the bits of all results
// stay the same.
//
// The forward pass is cut into stages where a single large value leads from what is before to what is after: between
// the blocks of a transformer, behind the sum of a residual branch. These values are kept; what a stage computes from
// its first value can be dropped and computed again from it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "lib/graph/graph.h"

namespace dl {

// What is dropped. Results of products, convolutions and attention are dear: they take more time to compute again
// than others of their size.
struct Recomputation {
  int stages = 1;
  int cheap_before = 0;  // in stages before this one, all but the dear values is dropped
  int dear_before = 0;   // in stages before this one, all is dropped; at most cheap_before
  bool operator==(const Recomputation&) const = default;
};

class Recompute {
 public:
  // The graph as a device will run it. It must outlive this.
  explicit Recompute(const Graph& graph);

  // How many stages there can be: at most as many as are asked for.
  int stages(int at_most) const;
  // The graph with what is dropped computed again just before it is wanted. Names of outputs and assignments stay.
  std::unique_ptr<Graph> apply(const Recomputation& choice) const;

 private:
  using Key = std::pair<int, int>;  // a value: node, output
  struct Cut {                      // after node `after` only `value` is wanted by the rest of the forward pass
    int after = 0;
    Key value;
    int64_t bytes = 0;
  };
  enum class Effort : uint8_t { none /* stays where it is */, cheap, dear };
  class Rewriting;

  bool is_forward(int node) const;
  Value behind_views(Value v) const;
  int64_t bytes(const Key& value) const;  // 0: the same for all batches, or nothing of its own
  void find_what_varies();
  void find_efforts();
  void find_cuts();
  std::vector<Effort> efforts_of(int node) const;
  bool follows(int node, int output) const;
  std::vector<Cut> cuts_for(int stages) const;

  const Graph& graph_;
  std::vector<char> live_, varies_;
  std::vector<std::vector<Effort>> efforts_;  // of computing a node's outputs again
  int64_t largest_ = 0;                       // value
  std::vector<Cut> cuts_;
};

}  // namespace dl
