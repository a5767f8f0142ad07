// The fusion pass, third part: one loop's program.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <vector>

#include "lib/graph/fusion/partition.h"
#include "lib/graph/loop.h"

namespace dl {

// A loop in the making: its instructions, and the tensors they read and make.
class Emitter {
 public:
  // `mapped` gives the new graph's value for one of the old graph that exists in memory. `host`: the heavy node whose
  // product is input 0, or -1.
  Emitter(const Placement& placement, const Part& part, int host, std::function<Value(const Value&)> mapped);

  void store_product();  // the host's result, for others
  void add_root(int node);

  Loop loop;
  std::vector<Value> inputs;            // of the new graph; of an epilogue the first is unset
  std::vector<Type> types;              // of the outputs
  std::vector<Placement::Key> defines;  // the old values they are

 private:
  Type kept_type(int node) const;
  int push(const Loop::Instruction& instruction);
  int emit(const Value& v);
  int load(const Value& u, const Shape& shape);
  int compute(const Value& u);
  int spread(int reg, Loop::Extent extent);
  int input_slot(const Value& made);
  void result(const Loop::Result& r, const Type& type, Placement::Key key);
  Loop::Extent extent_of(int reg) const { return loop.code[static_cast<size_t>(reg)].extent; }

  const Placement& placement_;
  const Graph& graph_;
  const int level_;
  const Shape space_;
  const int host_;
  bool stores_product_ = false;
  const std::function<Value(const Value&)> mapped_;
  std::map<Placement::Key, int> registers_;
};

}  // namespace dl
