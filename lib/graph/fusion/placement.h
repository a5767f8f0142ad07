// The fusion pass, first part: where each node is computed, and which values exist in memory.
//
// Three kinds of nodes meet here. Heavy ones (matmul, convolution, pooling, transpose, pack) stay as they are. Inlined
// ones (map, iota, random, broadcast, reductions over the last axis) can be computed wherever they are wanted. Terminal
// ones (sums and moments over rows, sums over everything) end a loop: their result exists only after its last row.
//
// Each node gets a level, the number of heavy and terminal nodes on the longest way to it. Nodes of equal level depend
// on each other only through inlined nodes, so whatever shares level and space can be one loop without making a cycle.
// A value is stored where a heavy node, an output or an assignment wants it, or where a later level would compute it
// again from more than one stored tensor; else later loops compute it again, which costs less than its way through
// memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "lib/graph/graph.h"

namespace dl {

// What a reduction is to a loop over its operand's shape.
enum class Reduction { none, row, columns, total, other };
// `group`, of columns: how many neighbouring rows make one.
Reduction classify(const Shape& x, const std::vector<int>& axes, int64_t& group);

class Placement {
 public:
  enum class Role { leaf, view, heavy, inlined, terminal };
  struct Info {
    bool live = false;
    Role role = Role::heavy;
    int level = 0;        // from which on the outputs can be read from memory, or in their loop's registers
    Shape space;          // inlined, terminal: of the loop that computes it
    bool pinned = false;  // contains a reduction over the last axis of `space`, so no other space can compute it
    bool stored = false;  // inlined: exists in memory
    bool narrow = false;  // kept in bf16: read by loops only, inside the model, and the graph allows it
    bool alias = false;   // view: same elements in the same order of rows and columns as its source
  };
  using Key = std::pair<int, int>;  // node, output

  explicit Placement(const Graph& graph);

  const Graph& graph() const { return graph_; }
  const Info& info(int node) const { return info_[static_cast<size_t>(node)]; }
  const Info& info(const Value& v) const { return info(v.node); }
  Value value(int node, int output) const { return {const_cast<Graph*>(&graph_), node, output}; }

  Value source(Value v) const;                                // behind views that leave the order of elements as it is
  Value memory(Value v) const;                                // behind all views
  bool loaded(const Value& u, int level) const;               // in a loop at `level`, whether u is read from memory
  int loop_level(int node) const;                             // of the loop that computes the node
  bool is_small(const Key& value, const Shape& space) const;  // beside a loop over `space`

 private:
  struct Effort {
    int instructions = 0;
    std::set<Key> tensors;  // large ones, read from memory
    bool reduces = false;
  };

  Info& at(const Value& v) { return info_[static_cast<size_t>(v.node)]; }
  void find_roles();
  void place(int node);
  bool expressible(const Value& v, const Shape& space) const;
  bool expressible(const Value& v, const Shape& space, std::map<int, bool>& known) const;
  void measure(const Value& v, int level, const Shape& space, std::set<int>& seen, Effort& effort) const;
  void store_what_is_dear();
  void narrow_what_is_kept();

  const Graph& graph_;
  std::vector<Info> info_;
};

}  // namespace dl
