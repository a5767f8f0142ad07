// Grouping nodes into loops.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/fusion/partition.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <queue>
#include <tuple>

#include "lib/base/error.h"
#include "lib/graph/ops/leaf.h"

namespace dl {

Partition::Partition(const Placement& placement, const TakesEpilogue& takes_epilogue)
    : placement_(placement), graph_(placement.graph()) {
  group_into_loops();
  choose_epilogues(takes_epilogue);
}

// What computing v at `level` goes through, and what it reads from memory.
void Partition::visit(const Value& v, int level, std::set<Placement::Key>& touched,
                      std::set<Placement::Key>& loads) const {
  const Value u = placement_.source(v);
  const Placement::Key key{u.node, u.output};
  if (placement_.loaded(u, level)) {
    if (!dynamic_cast<const Constant*>(graph_.node(u.node).op.get())) loads.insert(key);
    return;
  }
  if (!touched.insert(key).second) return;
  for (const Value& w : graph_.node(u.node).inputs) visit(w, level, touched, loads);
}

void Partition::group_into_loops() {
  std::vector<int> roots;
  for (int i = 0; i < graph_.size(); ++i) {
    const Placement::Info& n = placement_.info(i);
    if (n.live && (n.role == Placement::Role::terminal || (n.role == Placement::Role::inlined && n.stored)))
      roots.push_back(i);
  }
  std::vector<size_t> parent(roots.size());
  std::iota(parent.begin(), parent.end(), size_t{0});
  auto find = [&](size_t r) {
    while (parent[r] != r) r = parent[r] = parent[parent[r]];
    return r;
  };
  std::vector<std::set<Placement::Key>> reads(roots.size());
  using Meeting = std::tuple<int, std::vector<int64_t>, int, int>;  // level, space, value
  std::map<Meeting, size_t> met;
  for (size_t r = 0; r < roots.size(); ++r) {
    const int node = roots[r], level = placement_.loop_level(node);
    std::set<Placement::Key> touched;
    if (placement_.info(node).role == Placement::Role::inlined) {
      visit(placement_.value(node, 0), level, touched, reads[r]);
    } else {
      for (const Value& v : graph_.node(node).inputs) visit(v, level, touched, reads[r]);
    }
    auto meet = [&](const Placement::Key& value) {
      const auto [it, is_new] =
          met.emplace(Meeting{level, placement_.info(node).space.sizes(), value.first, value.second}, r);
      if (!is_new) parent[find(r)] = find(it->second);
    };
    for (const auto& value : touched) {
      if (!placement_.is_small(value, placement_.info(node).space)) meet(value);
    }
    meet({node, 0});
    for (const auto& value : reads[r]) {
      if (!placement_.is_small(value, placement_.info(node).space)) meet(value);
    }
  }
  std::map<size_t, int> part_of_set;
  part_of_.assign(static_cast<size_t>(graph_.size()), -1);
  for (size_t r = 0; r < roots.size(); ++r) {
    const auto [it, is_new] = part_of_set.emplace(find(r), static_cast<int>(parts_.size()));
    if (is_new) parts_.push_back({.level = placement_.loop_level(roots[r]), .space = placement_.info(roots[r]).space});
    parts_[static_cast<size_t>(it->second)].roots.push_back(roots[r]);
    part_of_[static_cast<size_t>(roots[r])] = it->second;
  }
  for (int i = 0; i < graph_.size(); ++i) {
    if (!placement_.info(i).live || placement_.info(i).role != Placement::Role::heavy) continue;
    part_of_[static_cast<size_t>(i)] = static_cast<int>(parts_.size());
    parts_.push_back({.roots = {i}, .heavy = true, .level = placement_.info(i).level});
  }
  for (size_t r = 0; r < roots.size(); ++r) {
    const int part = part_of_[static_cast<size_t>(roots[r])];
    for (const auto& [node, output] : reads[r]) need(part, placement_.value(node, output));
  }
  for (size_t v = 0; v < parts_.size(); ++v) {
    if (!parts_[v].heavy) continue;
    for (const Value& in : graph_.node(parts_[v].roots[0]).inputs) need(static_cast<int>(v), in);
  }
}

// Records that a part reads v, through whatever views lie between.
void Partition::need(int part, const Value& v) {
  const int other = part_of_[static_cast<size_t>(placement_.memory(v).node)];
  if (other < 0 || other == part) return;
  parts_[static_cast<size_t>(part)].needs.push_back(other);
  if (placement_.source(v) != placement_.memory(v)) parts_[static_cast<size_t>(part)].whole.push_back(other);
}

// The part it is computed with.
int Partition::merged(int index) const { return part(index).host >= 0 ? part(index).host : index; }

// Everything that a part reads, and its epilogue.
std::vector<int> Partition::all_needs(int index) const {
  std::vector<int> needs;
  auto add = [&](const Part& of) {
    for (int n : of.needs) {
      if (merged(n) != index) needs.push_back(merged(n));
    }
  };
  add(part(index));
  if (part(index).guest >= 0) add(part(part(index).guest));
  return needs;
}

bool Partition::reaches(int from, int target) const {
  std::vector<char> seen(parts_.size(), 0);
  std::vector<int> open{from};
  while (!open.empty()) {
    const int p = open.back();
    open.pop_back();
    if (p == target) return true;
    if (seen[static_cast<size_t>(p)]++) continue;
    for (int n : all_needs(p)) open.push_back(n);
  }
  return false;
}

void Partition::choose_epilogues(const TakesEpilogue& takes_epilogue) {
  for (size_t k = 0; k < parts_.size(); ++k) {
    if (parts_[k].heavy) continue;
    int best = -1;
    double best_flops = -1;
    for (int h : parts_[k].needs) {
      if (!part(h).heavy || part(h).guest >= 0) continue;
      const GraphNode& node = graph_.node(part(h).roots[0]);
      std::vector<Type> types;
      for (const Value& v : node.inputs) types.push_back(v.type());
      const bool fits = node.types.size() == 1 && node.types[0].shape == parts_[k].space &&
                        std::ranges::count(parts_[k].whole, h) == 0;
      if (!fits || !takes_epilogue(*node.op, types)) continue;
      // Whatever else the loop reads must not depend on the host.
      const bool cycle = std::any_of(parts_[k].needs.begin(), parts_[k].needs.end(),
                                     [&](int n) { return merged(n) != h && reaches(merged(n), h); });
      const double flops = node.op->cost(types, node.types).flops;
      if (!cycle && flops > best_flops) best = h, best_flops = flops;
    }
    if (best < 0) continue;
    parts_[k].host = best;
    parts_[static_cast<size_t>(best)].guest = static_cast<int>(k);
  }
}

std::vector<int> Partition::order() const {
  std::vector<int> waits(parts_.size(), 0), order;
  std::vector<std::vector<int>> users(parts_.size());
  std::priority_queue<std::pair<int, int>, std::vector<std::pair<int, int>>, std::greater<>> ready;
  auto put = [&](int p) { ready.push({part(part(p).guest >= 0 ? part(p).guest : p).roots.front(), p}); };
  size_t total = 0;
  for (int p = 0; p < static_cast<int>(parts_.size()); ++p) {
    if (merged(p) != p) continue;
    ++total;
    for (int n : all_needs(p)) {
      users[static_cast<size_t>(n)].push_back(p);
      ++waits[static_cast<size_t>(p)];
    }
    if (waits[static_cast<size_t>(p)] == 0) put(p);
  }
  while (!ready.empty()) {
    order.push_back(ready.top().second);
    ready.pop();
    for (int user : users[static_cast<size_t>(order.back())]) {
      if (--waits[static_cast<size_t>(user)] == 0) put(user);
    }
  }
  DL_CHECK(order.size() == total, total - order.size(), " loops wait for each other");
  return order;
}

bool Partition::read_elsewhere(int heavy) const {
  for (int p = 0; p < static_cast<int>(parts_.size()); ++p) {
    if (p != part(heavy).guest && std::find(part(p).needs.begin(), part(p).needs.end(), heavy) != part(p).needs.end())
      return true;
  }
  auto leaves = [&](const Graph::Named& n) { return placement_.memory(n.value).node == part(heavy).roots[0]; };
  return std::any_of(graph_.outputs().begin(), graph_.outputs().end(), leaves) ||
         std::any_of(graph_.assigns().begin(), graph_.assigns().end(), leaves);
}

}  // namespace dl
