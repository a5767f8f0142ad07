// Substituting a value.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/substitute.h"

#include <map>
#include <utility>

#include "lib/base/error.h"

namespace dl {

Value substituted(Value of, Value old, Value replacement) {
  DL_CHECK(old.type() == replacement.type(), "a value is replaced by one of another type");
  Graph& g = *of.graph;
  std::map<std::pair<int, int>, Value> made{{{old.node, old.output}, replacement}};
  const auto anew = [&](const Value& v) {
    const auto found = made.find({v.node, v.output});
    return found == made.end() ? v : found->second;
  };
  const std::string scope = std::exchange(g.scope, "");
  const Phase phase = std::exchange(g.phase, Phase::backward);
  for (int i = old.node + 1; i <= of.node; ++i) {
    std::vector<Value> inputs;
    bool depends = false;
    for (const Value& v : g.node(i).inputs) {
      inputs.push_back(anew(v));
      depends = depends || made.contains({v.node, v.output});
    }
    if (!depends) continue;
    g.scope = g.node(i).scope;
    const std::vector<Value> results = g.add(g.node(i).op, std::move(inputs));
    for (size_t k = 0; k < results.size(); ++k) made[{i, static_cast<int>(k)}] = results[k];
  }
  g.scope = scope;
  g.phase = phase;
  return anew(of);
}

}  // namespace dl
