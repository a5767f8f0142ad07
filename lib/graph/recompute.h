// The recompute pass: values of the forward pass that the backward pass wants are computed again there, instead of
// being kept in memory (Chen et al. 2016, arXiv:1604.06174). The bits of all results stay the same.
//
// The forward pass is cut into stages where a single large value leads from what is before to what is after: between
// the blocks of a transformer, behind the sum of a residual branch. These values are kept; what a stage computes from
// its first value can be dropped and computed again from it.
//
// What is computed again begins at values that are kept, each read through an Again, and draws its random numbers
// again: it shares no value that is large and not kept with the first computation, so that the fusion pass finds
// nothing to make one loop of both, which would keep what is dropped.
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
  // Nodes before `forward_end` are the forward pass. The graph must outlive this.
  Recompute(const Graph& graph, int forward_end);

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
  class Rewriting;

  Value behind_views(Value v) const;
  void find_what_varies();
  void find_cuts();
  bool may_go(int node) const;  // a result of the batch's samples that is not small
  bool is_dear(int node) const;
  std::vector<Cut> cuts_for(int stages) const;

  const Graph& graph_;
  const int forward_end_;
  std::vector<char> live_, varies_;
  std::vector<int64_t> bytes_;  // of a node's outputs
  int64_t largest_ = 0;         // of bytes_
  std::vector<Cut> cuts_;
};

}  // namespace dl
