// The fusion pass, second part: which nodes become one loop, which loop follows which heavy node, and in what order.
//
// A loop is the epilogue of a heavy node only if it reads the node's result itself, element by element. What it reads
// through a view (a slice) must be whole in memory before it begins, and the result of its own host never is.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <set>
#include <vector>

#include "lib/graph/fusion/placement.h"
#include "lib/graph/passes.h"

namespace dl {

// A loop to be, or a heavy node.
struct Part {
  std::vector<int> roots;  // the nodes whose values leave it, ascending; a heavy node alone
  bool heavy = false;
  int level = 0;
  Shape space;             // of a loop
  std::vector<int> needs;  // parts whose results it reads
  std::vector<int> whole;  // of these, those that it reads through a view: not element by element, as its loop goes
  int host = -1;           // loop: the heavy part it is the epilogue of
  int guest = -1;          // heavy: the loop that is its epilogue
};

class Partition {
 public:
  Partition(const Placement& placement, const TakesEpilogue& takes_epilogue);

  const Part& part(int index) const { return parts_[static_cast<size_t>(index)]; }
  // The parts in an order in which each comes after what it needs, as near as can be to that of the graph; a loop that
  // is an epilogue is left out.
  std::vector<int> order() const;
  // Whether a heavy part's result is read by anything but its epilogue.
  bool read_elsewhere(int heavy) const;

 private:
  void group_into_loops();
  void choose_epilogues(const TakesEpilogue& takes_epilogue);
  void visit(const Value& v, int level, std::set<Placement::Key>& touched, std::set<Placement::Key>& loads) const;
  void need(int part, const Value& v);
  int merged(int part) const;
  std::vector<int> all_needs(int part) const;
  bool reaches(int from, int target) const;

  const Placement& placement_;
  const Graph& graph_;
  std::vector<Part> parts_;
  std::vector<int> part_of_;  // by node; -1 where it is computed inside others
};

}  // namespace dl
