// Cutting the forward pass into stages, and rewriting the graph.
#include "lib/graph/recompute.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "lib/graph/ops/again.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/passes.h"

namespace dl {
namespace {

constexpr double dear_flops_per_byte = 8;
constexpr int64_t small_share = 16;  // of the largest value: not worth dropping

std::vector<Type> types_of(const std::vector<Value>& values) {
  std::vector<Type> types;
  for (const Value& v : values) types.push_back(v.type());
  return types;
}

}  // namespace

Recompute::Recompute(const Graph& graph, int forward_end)
    : graph_(graph), forward_end_(forward_end), live_(live_nodes(graph)) {
  find_what_varies();
  find_cuts();
}

Value Recompute::behind_views(Value v) const {
  while (graph_.node(v.node).op->is_view()) v = graph_.node(v.node).inputs[0];
  return v;
}

void Recompute::find_what_varies() {
  varies_.assign(static_cast<size_t>(forward_end_), 0);
  bytes_.assign(static_cast<size_t>(forward_end_), 0);
  for (int i = 0; i < forward_end_; ++i) {
    const size_t at = static_cast<size_t>(i);
    const GraphNode& node = graph_.node(i);
    const auto* input = dynamic_cast<const Input*>(node.op.get());
    varies_[at] = input ? input->type.shape.rank() > 0 : std::ranges::any_of(node.inputs, [&](const Value& v) {
      return varies_[static_cast<size_t>(v.node)] != 0;
    });
    if (input || !varies_[at] || !live_[at] || node.op->is_view()) continue;
    for (const Type& type : node.types) bytes_[at] += type.bytes();
    largest_ = std::max(largest_, bytes_[at]);
  }
}

bool Recompute::may_go(int node) const {
  const size_t at = static_cast<size_t>(node);
  if (node >= forward_end_ || bytes_[at] == 0) return false;
  return bytes_[at] * small_share > largest_ || dynamic_cast<const Map*>(graph_.node(node).op.get());
}

bool Recompute::is_dear(int node) const {
  const GraphNode& n = graph_.node(node);
  return n.op->cost(types_of(n.inputs), n.types).flops >
         dear_flops_per_byte * static_cast<double>(bytes_[static_cast<size_t>(node)]);
}

void Recompute::find_cuts() {
  std::map<Key, int> last_use;  // of large values, by a node of the forward pass
  for (int i = 0; i < forward_end_; ++i) {
    if (!live_[static_cast<size_t>(i)]) continue;
    for (const Value& in : graph_.node(i).inputs) {
      const Value v = behind_views(in);
      if (bytes_[static_cast<size_t>(v.node)] * small_share > largest_) last_use[{v.node, v.output}] = i;
    }
  }
  std::set<Key> crossing;
  std::multimap<int, Key> ends;
  for (int i = 0; i < forward_end_; ++i) {
    for (int o = 0; o < static_cast<int>(graph_.node(i).types.size()); ++o) {
      const auto use = last_use.find({i, o});
      if (use == last_use.end()) continue;
      crossing.insert(use->first);
      ends.emplace(use->second, use->first);
    }
    for (auto [it, end] = ends.equal_range(i); it != end; ++it) crossing.erase(it->second);
    if (crossing.size() != 1) continue;
    const Key value = *crossing.begin();
    if (!cuts_.empty() && cuts_.back().value == value)
      cuts_.back().after = i;
    else
      cuts_.push_back({i, value, bytes_[static_cast<size_t>(value.first)]});
  }
}

int Recompute::stages(int at_most) const { return static_cast<int>(cuts_for(at_most).size()) + 1; }

// Stages that compute about as many bytes each, cut near their ends where the value that is kept is smallest.
std::vector<Recompute::Cut> Recompute::cuts_for(int stages) const {
  std::vector<int64_t> before(static_cast<size_t>(forward_end_) + 1, 0);  // bytes computed by the nodes before
  for (int i = 0; i < forward_end_; ++i)
    before[static_cast<size_t>(i) + 1] = before[static_cast<size_t>(i)] + bytes_[static_cast<size_t>(i)];
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
  Rewriting(const Recompute& pass, const Recomputation& choice) : pass_(pass), old_(pass.graph_) {
    int stage = 0;
    const std::vector<Cut> cuts = pass.cuts_for(choice.stages);
    std::set<Key> kept;
    for (const Cut& cut : cuts) kept.insert(cut.value);
    dropped_.assign(static_cast<size_t>(pass.forward_end_), 0);
    is_random_.assign(static_cast<size_t>(pass.forward_end_), 0);
    for (int i = 0; i < pass.forward_end_; ++i) {
      const GraphNode& node = old_.node(i);
      is_random_[static_cast<size_t>(i)] =
          !pass.varies_[static_cast<size_t>(i)] &&
          (dynamic_cast<const RandomUniform*>(node.op.get()) || std::ranges::any_of(node.inputs, [&](const Value& v) {
             return is_random_[static_cast<size_t>(v.node)] != 0;
           }));
    }
    // The backward pass begins with what follows the last product and uses it at once: dropping that saves nothing, and
    // it would no longer be one loop with its gradient, whose sums then were cut otherwise.
    int tail = pass.forward_end_;
    while (tail > 0 && !(pass.live_[static_cast<size_t>(tail - 1)] && pass.is_dear(tail - 1))) --tail;
    for (int i = 0; i < tail; ++i) {
      while (static_cast<size_t>(stage) < cuts.size() && i > cuts[static_cast<size_t>(stage)].after) ++stage;
      const bool cut_here = std::ranges::any_of(kept, [&](const Key& key) { return key.first == i; });
      if (cut_here || !pass.may_go(i)) continue;
      dropped_[static_cast<size_t>(i)] =
          stage < choice.dear_before || (stage < choice.cheap_before && !pass.is_dear(i));
    }
  }

  std::unique_ptr<Graph> run() {
    new_->narrows = old_.narrows;
    for (int i = 0; i < old_.size(); ++i) {
      if (!pass_.live_[static_cast<size_t>(i)]) continue;
      const GraphNode& node = old_.node(i);
      std::vector<Value> inputs;
      for (const Value& v : node.inputs) inputs.push_back(i < pass_.forward_end_ ? first(v) : wanted(v));
      new_->scope = node.scope;
      new_->phase = node.phase;
      made_[i] = new_->add(node.op, std::move(inputs));
    }
    for (const auto& o : old_.outputs()) new_->output(o.name, first(o.value));
    for (const auto& a : old_.assigns()) new_->assign(a.name, first(a.value));
    new_->scope.clear();
    new_->phase = Phase::forward;
    return std::move(new_);
  }

 private:
  Value first(const Value& v) const { return made_.at(v.node)[static_cast<size_t>(v.output)]; }

  bool is_dropped(const Value& v) const {
    const int node = pass_.behind_views(v).node;
    return node < pass_.forward_end_ && dropped_[static_cast<size_t>(node)];
  }

  // As the backward pass reads it.
  Value wanted(const Value& v) { return is_dropped(v) ? second(v) : first(v); }

  Value second(const Value& v) {
    const auto known = again_.find(v.node);
    if (known != again_.end()) return known->second[static_cast<size_t>(v.output)];
    const GraphNode& node = old_.node(v.node);
    std::vector<Value> inputs;
    for (const Value& in : node.inputs) {
      const size_t at = static_cast<size_t>(in.node);
      const bool begins = pass_.varies_[at] || dynamic_cast<const RandomUniform*>(node.op.get());
      inputs.push_back(is_dropped(in) || is_random_[at] ? second(in) : begins ? start_again(in) : first(in));
    }
    new_->scope = node.scope;
    new_->phase = Phase::backward;  // where it is wanted
    return (again_[v.node] = new_->add(node.op, std::move(inputs)))[static_cast<size_t>(v.output)];
  }

  Value start_again(const Value& v) { return new_->add_one(std::make_shared<Again>(), {first(v)}); }

  const Recompute& pass_;
  const Graph& old_;
  std::unique_ptr<Graph> new_ = std::make_unique<Graph>();
  std::vector<char> dropped_, is_random_;                     // is_random_: made of random numbers and constants only
  std::unordered_map<int, std::vector<Value>> made_, again_;  // by node of the old graph
};

std::unique_ptr<Graph> Recompute::apply(const Recomputation& choice) const { return Rewriting(*this, choice).run(); }

}  // namespace dl
