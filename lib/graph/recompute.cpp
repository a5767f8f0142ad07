// Cutting the forward pass into stages, and rewriting the graph.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/recompute.h"

#include <algorithm>
#include <map>

#include "lib/graph/loop_part.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/passes.h"
#include "lib/graph/rewriter.h"

namespace dl {
namespace {

constexpr double dear_flops_per_byte = 8;
constexpr int64_t small_share = 16;  // of the largest value: not worth dropping

std::vector<Type> types_of(const std::vector<Value>& values) {
  std::vector<Type> types;
  for (const Value& v : values) types.push_back(v.type());
  return types;
}

// The loop of a node, alone or behind a product; null in others.
struct Fused {
  explicit Fused(const GraphNode& node)
      : node(node),
        epilogue(dynamic_cast<const EpilogueOp*>(node.op.get())),
        loop(epilogue ? &epilogue->loop : dynamic_cast<const LoopOp*>(node.op.get())) {}

  bool is_product(int input) const { return epilogue && input == 0; }
  // What the loop reads as its input, which is not the product.
  const Value& read(int input) const {
    return node.inputs[static_cast<size_t>(epilogue ? epilogue->base_inputs + input - 1 : input)];
  }

  const GraphNode& node;
  const EpilogueOp* epilogue;
  const LoopOp* loop;
};

// Whether the operation's results are others at each step though its inputs are not: random numbers.
bool draws(const Op& op) {
  if (const auto* loop = dynamic_cast<const LoopOp*>(&op))
    return std::ranges::any_of(loop->loop.code,
                               [](const auto& i) { return i.kind == Loop::Instruction::Kind::random; });
  return dynamic_cast<const RandomUniform*>(&op) != nullptr;
}

}  // namespace

Recompute::Recompute(const Graph& graph) : graph_(graph), live_(live_nodes(graph)) {
  find_what_varies();
  find_efforts();
  find_cuts();
}

bool Recompute::is_forward(int node) const {
  return live_[static_cast<size_t>(node)] && graph_.node(node).phase == Phase::forward;
}

Value Recompute::behind_views(Value v) const {
  while (graph_.node(v.node).op->is_view()) v = graph_.node(v.node).inputs[0];
  return v;
}

int64_t Recompute::bytes(const Key& value) const {
  const GraphNode& node = graph_.node(value.first);
  if (!is_forward(value.first) || !varies_[static_cast<size_t>(value.first)] || node.op->is_view() ||
      dynamic_cast<const Input*>(node.op.get()))
    return 0;
  return node.types[static_cast<size_t>(value.second)].bytes();
}

void Recompute::find_what_varies() {
  varies_.assign(static_cast<size_t>(graph_.size()), 0);
  for (int i = 0; i < graph_.size(); ++i) {
    const GraphNode& node = graph_.node(i);
    const auto* input = dynamic_cast<const Input*>(node.op.get());
    const auto varies = [&](const Value& v) { return varies_[static_cast<size_t>(v.node)] != 0; };
    varies_[static_cast<size_t>(i)] =
        input ? input->type.shape.rank() > 0 : draws(*node.op) || std::ranges::any_of(node.inputs, varies);
    for (int o = 0; o < static_cast<int>(node.types.size()); ++o) largest_ = std::max(largest_, bytes({i, o}));
  }
}

std::vector<Recompute::Effort> Recompute::efforts_of(int index) const {
  const GraphNode& node = graph_.node(index);
  std::vector<Effort> efforts(node.types.size(), Effort::none);
  int64_t all = 0;
  for (int o = 0; o < static_cast<int>(node.types.size()); ++o) all += bytes({index, o});
  if (all == 0) return efforts;
  const Fused fused(node);
  if (!fused.loop) {
    if (all * small_share <= largest_ && !dynamic_cast<const Map*>(node.op.get())) return efforts;
    const double flops = node.op->cost(types_of(node.inputs), node.types).flops;
    efforts.assign(node.types.size(),
                   flops > dear_flops_per_byte * static_cast<double>(all) ? Effort::dear : Effort::cheap);
    return efforts;
  }
  std::vector<char> without_product(node.types.size(), fused.epilogue == nullptr);
  if (fused.epilogue) {
    for (const int o : made_from_others(*fused.loop, [&](int input) { return fused.is_product(input); }))
      without_product[static_cast<size_t>(o)] = 1;
  }
  for (int o = 0; o < static_cast<int>(node.types.size()); ++o) {
    const bool stored = result_of(fused.loop->loop, o).kind == Loop::Result::Kind::store;
    if (stored && bytes({index, o}) * small_share > largest_)
      efforts[static_cast<size_t>(o)] = without_product[static_cast<size_t>(o)] ? Effort::cheap : Effort::dear;
  }
  return efforts;
}

void Recompute::find_efforts() {
  for (int i = 0; i < graph_.size(); ++i) efforts_.push_back(efforts_of(i));
}

// Whether a large output of a loop or an epilogue is made from its other outputs and from nothing else that is large: a
// norm of a residual branch's sum, where both leave the loop.
bool Recompute::follows(int index, int output) const {
  const Fused fused(graph_.node(index));
  if (!fused.loop) return false;
  const auto is_large = [&](int input) {
    if (fused.is_product(input)) return true;
    const Value v = behind_views(fused.read(input));
    return bytes({v.node, v.output}) * small_share > largest_;
  };
  const std::vector<int> made = made_from_others(*fused.loop, is_large);
  return std::ranges::find(made, output) != made.end();
}

void Recompute::find_cuts() {
  std::map<Key, int> last_use;  // of large values, by a node of the forward pass
  for (int i = 0; i < graph_.size(); ++i) {
    if (!is_forward(i)) continue;
    for (const Value& in : graph_.node(i).inputs) {
      const Value v = behind_views(in);
      if (bytes({v.node, v.output}) * small_share > largest_) last_use[{v.node, v.output}] = i;
    }
  }
  std::set<Key> crossing, following;
  std::multimap<int, Key> ends;
  for (int i = 0; i < graph_.size(); ++i) {
    if (!is_forward(i)) continue;
    for (int o = 0; o < static_cast<int>(graph_.node(i).types.size()); ++o) {
      const auto use = last_use.find({i, o});
      if (use == last_use.end()) continue;
      crossing.insert(use->first);
      if (follows(i, o)) following.insert(use->first);
      ends.emplace(use->second, use->first);
    }
    for (auto [it, end] = ends.equal_range(i); it != end; ++it) crossing.erase(it->second);
    std::vector<Key> leading;  // what crosses and does not follow from another that does
    for (const Key& key : crossing) {
      const auto is_lead = [&](const Key& other) { return other.first == key.first && !following.contains(other); };
      if (!following.contains(key) || std::ranges::none_of(crossing, is_lead)) leading.push_back(key);
    }
    if (leading.size() != 1) continue;
    const Key value = leading[0];
    if (!cuts_.empty() && cuts_.back().value == value)
      cuts_.back().after = i;
    else
      cuts_.push_back({i, value, bytes(value)});
  }
}

int Recompute::stages(int at_most) const { return static_cast<int>(cuts_for(at_most).size()) + 1; }

// Stages that compute about as many bytes each, cut near their ends where the value that is kept is smallest.
std::vector<Recompute::Cut> Recompute::cuts_for(int stages) const {
  std::vector<int64_t> before(static_cast<size_t>(graph_.size()) + 1, 0);  // bytes computed by the nodes before
  for (int i = 0; i < graph_.size(); ++i) {
    int64_t here = 0;
    for (int o = 0; o < static_cast<int>(graph_.node(i).types.size()); ++o) here += bytes({i, o});
    before[static_cast<size_t>(i) + 1] = before[static_cast<size_t>(i)] + here;
  }
  const int64_t stage = std::max<int64_t>(before.back() / std::max(stages, 1), 1);
  std::vector<Cut> chosen;
  int64_t begin = 0;
  const Cut* best = nullptr;
  auto made = [&](const Cut& cut) { return before[static_cast<size_t>(cut.after) + 1] - begin; };
  for (const Cut& cut : cuts_) {
    if (best && made(cut) * 4 > stage * 5) {
      begin += made(*best);
      chosen.push_back(*best);
      best = nullptr;
    }
    if (made(cut) * 4 >= stage * 3 && (!best || cut.bytes <= best->bytes)) best = &cut;
  }
  if (best && static_cast<int>(chosen.size()) + 1 < stages) chosen.push_back(*best);
  return chosen;
}

// The graph written anew, with what was dropped computed again where the backward pass comes to it.
class Recompute::Rewriting {
 public:
  Rewriting(const Recompute& pass, const Recomputation& choice)
      : pass_(pass), old_(pass.graph_), rewriter_(pass.graph_) {
    int stage = 0;
    const std::vector<Cut> cuts = pass.cuts_for(choice.stages);
    for (int i = 0; i < old_.size(); ++i) {
      while (static_cast<size_t>(stage) < cuts.size() && i > cuts[static_cast<size_t>(stage)].after) ++stage;
      for (int o = 0; o < static_cast<int>(old_.node(i).types.size()); ++o) {
        const Effort effort = pass.efforts_[static_cast<size_t>(i)][static_cast<size_t>(o)];
        if ((effort == Effort::cheap && stage < choice.cheap_before) ||
            (effort == Effort::dear && stage < choice.dear_before))
          dropped_.insert({i, o});
      }
    }
    for (const Cut& cut : cuts) dropped_.erase(cut.value);
    for (int i = 0; i < old_.size(); ++i) {
      if (!pass_.live_[static_cast<size_t>(i)] || pass_.is_forward(i)) continue;
      for (const Value& v : old_.node(i).inputs) want(v);
    }
  }

  std::unique_ptr<Graph> run() {
    for (int i = 0; i < old_.size(); ++i) {
      if (!pass_.live_[static_cast<size_t>(i)]) continue;
      std::vector<Value> inputs;
      for (const Value& v : old_.node(i).inputs)
        inputs.push_back(pass_.is_forward(i) ? rewriter_.mapped(v) : wanted(v));
      rewriter_.copy(i, old_.node(i).op, std::move(inputs));
    }
    return rewriter_.finish();
  }

 private:
  bool is_dropped(const Value& v) const {
    const Value at = pass_.behind_views(v);
    return dropped_.contains({at.node, at.output});
  }

  // As the backward pass reads it.
  Value wanted(const Value& v) { return is_dropped(v) ? second(v) : rewriter_.mapped(v); }

  // How some outputs of a loop or an epilogue are made again.
  struct Again {
    std::shared_ptr<const Op> op;
    std::vector<Value> inputs;  // of the old graph
    std::vector<int> outputs;   // of the old node, in the order of the new one's
  };

  Again again(int index, const std::vector<int>& outputs) const {
    const GraphNode& node = old_.node(index);
    const Fused fused(node);
    if (!fused.loop) {
      Again whole{node.op, node.inputs, {}};
      for (int o = 0; o < static_cast<int>(node.types.size()); ++o) whole.outputs.push_back(o);
      return whole;
    }
    std::vector<int> kept;
    for (int o = 0; o < static_cast<int>(node.types.size()); ++o) {
      if (!dropped_.contains({index, o})) kept.push_back(o);
    }
    LoopPart part = part_of(*fused.loop, outputs, kept);
    bool multiplies = false;
    for (const LoopPart::Source& s : part.inputs) multiplies |= !s.is_output && fused.is_product(s.index);
    Again made{.outputs = outputs};
    if (multiplies) {
      part = part_of(*fused.loop, outputs, {}, true);
      made.inputs.assign(node.inputs.begin(), node.inputs.begin() + fused.epilogue->base_inputs);
    }
    for (size_t k = multiplies ? 1 : 0; k < part.inputs.size(); ++k) {
      const LoopPart::Source& s = part.inputs[k];
      made.inputs.push_back(s.is_output ? Value{const_cast<Graph*>(&old_), index, s.index} : fused.read(s.index));
    }
    LoopOp op(std::move(part.loop), std::move(part.outputs));
    if (multiplies)
      made.op = std::make_shared<EpilogueOp>(fused.epilogue->base, fused.epilogue->base_inputs,
                                             fused.epilogue->base_type, std::move(op));
    else
      made.op = std::make_shared<LoopOp>(std::move(op));
    return made;
  }

  // Notes that the value is wanted a second time, if it is dropped, and what it is made from.
  void want(const Value& v) {
    const Value at = pass_.behind_views(v);
    if (!dropped_.contains({at.node, at.output})) return;
    std::vector<int>& outputs = wanted_of_[at.node];
    if (std::ranges::find(outputs, at.output) != outputs.end()) return;
    outputs.insert(std::ranges::lower_bound(outputs, at.output), at.output);
    for (const Value& in : again(at.node, outputs).inputs) want(in);
  }

  Value second(const Value& v) {
    const auto known = again_.find({v.node, v.output});
    if (known != again_.end()) return known->second;
    const GraphNode& node = old_.node(v.node);
    const bool view = node.op->is_view();
    const Again made = view ? Again{node.op, node.inputs, {0}} : again(v.node, wanted_of_.at(v.node));
    std::vector<Value> inputs;
    for (const Value& in : made.inputs) inputs.push_back(wanted(in));
    rewriter_.place_as(v.node);
    Graph& g = rewriter_.made();
    g.phase = Phase::backward;  // where it is wanted
    const std::vector<Value> values =
        view ? g.add(made.op, std::move(inputs)) : g.add_again(made.op, std::move(inputs));
    for (size_t k = 0; k < values.size(); ++k) again_[{v.node, made.outputs[k]}] = values[k];
    return again_.at({v.node, v.output});
  }

  const Recompute& pass_;
  const Graph& old_;
  Rewriter rewriter_;
  std::set<Key> dropped_;
  std::map<int, std::vector<int>> wanted_of_;  // outputs that are computed again, by node
  std::map<Key, Value> again_;
};

std::unique_ptr<Graph> Recompute::apply(const Recomputation& choice) const { return Rewriting(*this, choice).run(); }

}  // namespace dl
