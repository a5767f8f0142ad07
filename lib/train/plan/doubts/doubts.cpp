// The rules there are, what they see of a plan, and the order of what they say.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/doubts/doubts.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "lib/base/error.h"
#include "lib/graph/ops/reduce.h"
#include "lib/spec/path.h"

namespace dl {
namespace {

// By name, so that what several say of one place has the same order however they were linked.
std::map<std::string_view, DoubtRule>& doubt_rules() {
  static std::map<std::string_view, DoubtRule> rules;
  return rules;
}

bool stands_before(const Problem& a, const Problem& b) {
  const bool a_has_line = a.where.line > 0, b_has_line = b.where.line > 0;
  if (!a_has_line || !b_has_line) return a_has_line && !b_has_line;
  return std::tie(a.where.file, a.where.line, a.where.column) < std::tie(b.where.file, b.where.line, b.where.column);
}

}  // namespace

bool add_doubt_rule(std::string_view name, DoubtRule rule) {
  const bool is_new = doubt_rules().emplace(name, rule).second;
  DL_CHECK(is_new, "the rule ", name, " is registered twice");
  return is_new;
}

std::vector<Problem> doubts_of(const Plan& plan) {
  Doubts doubts(plan);
  for (const auto& [name, rule] : doubt_rules()) rule(plan, doubts);
  return doubts.in_order();
}

std::string normalized_over_the_batch(const Network& network) {
  Graph g;
  build_for_one_sample(network, g, true);
  for (int i = 0; i < g.size(); ++i) {
    const auto* moments = dynamic_cast<const MomentsOp*>(g.node(i).op.get());
    if (moments && moments->axes.front() == 0 && reduced_count(g.node(i).inputs[0].shape(), moments->axes) == 1)
      return g.node(i).scope;
  }
  return "";
}

void Doubts::at(Where where, std::string path, std::string what, std::string help) {
  found_.push_back(
      {.where = std::move(where), .path = std::move(path), .what = std::move(what), .help = std::move(help)});
}

void Doubts::at_key(const std::string& path, std::string what, std::string help) {
  const Node* node = find_path(plan_.spec, path);
  at(node ? node->where : Where{}, path, std::move(what), std::move(help));
}

void Doubts::at_loss(const Loss& loss, std::string what, std::string help) {
  at(loss.place, concat("loss (", loss.name, ")"), std::move(what), std::move(help));
}

void Doubts::at_layer(const std::string& path, std::string what, std::string help) {
  const LayerSummary* of = layer(path);
  if (!of) return at_key("model", std::move(what), std::move(help));
  at(of->where, concat(of->label, " (", of->type, ")"), std::move(what), std::move(help));
  found_.back().notes = of->notes;
}

const LayerSummary* Doubts::layer(const std::string& path) const {
  const auto found = std::ranges::find(layers_, path, &LayerSummary::path);
  return found == layers_.end() ? nullptr : &*found;
}

std::vector<Problem> Doubts::in_order() const {
  std::vector<Problem> sorted = found_;
  std::ranges::stable_sort(sorted, stands_before);
  return sorted;
}

NetworkOutputs build_for_one_sample(const Network& network, Graph& g, bool training) {
  std::vector<Value> inputs;
  for (const Network::Input& given : network.inputs()) inputs.push_back(input(g, given.name, batched(given.type, 1)));
  const Value step = training ? input(g, "step", Type{DType::i32, {}}) : Value{};
  return network.build(g, inputs, training, step, 0);
}

std::set<int> nodes_behind(const Graph& g, std::vector<int> nodes) {
  std::set<int> seen;
  while (!nodes.empty()) {
    const int node = nodes.back();
    nodes.pop_back();
    if (!seen.insert(node).second) continue;
    for (const Value& v : g.node(node).inputs) nodes.push_back(v.node);
  }
  return seen;
}

const SampleField* training_field(const Plan& plan, const std::string& name) {
  const auto fields = plan.data.train->fields();
  const auto found = std::ranges::find(fields, name, &SampleField::name);
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace dl
