// A graph's values as its layout sees them: behind views, who reads them last, and where they are wanted.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/graph/graph.h"
#include "lib/graph/ops/leaf.h"

namespace dl {

class LayoutValues {
 public:
  using Key = std::pair<int, int>;  // a value: its node and output
  static Key key_of(const Value& v) { return {v.node, v.output}; }

  // Bytes [begin, end) of a variable's old value, read by a call.
  struct Read {
    int call = 0;
    int64_t begin = 0, end = 0;
  };
  // Where a value is wanted: `offset` bytes into a variable.
  struct Destination {
    std::string variable;
    int64_t offset = 0;
  };

  // `calls`: the nodes of the calls, in order. Outputs and new values of variables are read behind the last.
  LayoutValues(const Graph& graph, const std::vector<int>& calls);

  Value behind_views(Value v) const;
  // Views between a value and its reader only move the start, in bytes.
  int64_t offset_in_views(Value v) const;
  const VariableOp* variable_behind(const Value& v) const;  // null where it is none
  bool changes(const VariableOp& variable) const;           // whether the program gives it a new value

  bool is_read(Key value) const { return last_read_.contains(value); }
  int last_read(Key value) const { return last_read_.at(value); }  // the call of the last reader, through views
  const std::vector<Read>& reads_of(const std::string& variable) const;
  const Destination* wanted(Key value) const;  // null where it may lie anywhere

 private:
  void read_at(const Value& v, int call);
  void find_destinations(const std::set<int>& calls);

  const Graph& graph_;
  std::map<Key, int> last_read_;
  std::map<std::string, std::vector<Read>> reads_;
  std::map<Key, Destination> destinations_;
};

}  // namespace dl
