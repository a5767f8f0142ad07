// Roles, levels and spaces of a graph's nodes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/fusion/placement.h"

#include <algorithm>

#include "lib/graph/ops/cast.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/ops/reduce.h"
#include "lib/graph/ops/shape_ops.h"
#include "lib/graph/passes.h"

namespace dl {

namespace {

bool same_but_leading_ones(const Shape& a, const Shape& b) {
  auto core = [](const Shape& s) {
    auto first = std::find_if(s.sizes().begin(), s.sizes().end(), [](int64_t size) { return size != 1; });
    return std::vector<int64_t>(first, s.sizes().end());
  };
  return a.elements() == 1 || core(a) == core(b);
}

}  // namespace

Reduction classify(const Shape& x, const std::vector<int>& axes, int64_t& group) {
  std::vector<char> gone(static_cast<size_t>(x.rank()), 0);
  for (int axis : axes) gone[static_cast<size_t>(axis)] = 1;
  bool any = false, all = true, lead = false;
  for (int i = 0; i < x.rank(); ++i) {
    if (x[i] == 1) continue;
    any |= gone[static_cast<size_t>(i)] != 0;
    all &= gone[static_cast<size_t>(i)] != 0;
    if (i + 1 < x.rank()) lead |= gone[static_cast<size_t>(i)] != 0;
  }
  if (!any) return Reduction::none;
  const bool last = x.last() > 1 && gone[static_cast<size_t>(x.rank() - 1)];
  if (last && !lead) return all ? Reduction::total : Reduction::row;
  if (all) return Reduction::total;
  if (last) return Reduction::other;
  group = 1;
  bool kept = false;
  for (int i = x.rank() - 2; i >= 0; --i) {  // the reduced axes must be the innermost of the rows
    if (x[i] == 1) continue;
    if (!gone[static_cast<size_t>(i)]) {
      kept = true;
    } else if (kept) {
      return Reduction::other;
    } else {
      group *= x[i];
    }
  }
  return Reduction::columns;
}

Placement::Placement(const Graph& graph) : graph_(graph), info_(static_cast<size_t>(graph.size())) {
  find_roles();
  for (int i = 0; i < graph_.size(); ++i) {
    if (info(i).live) place(i);
  }
  store_what_is_dear();
  if (graph_.narrows) narrow_what_is_kept();
}

Value Placement::source(Value v) const {
  while (info(v).role == Role::view && info(v).alias) v = graph_.node(v.node).inputs[0];
  return v;
}

Value Placement::memory(Value v) const {
  while (info(v).role == Role::view) v = graph_.node(v.node).inputs[0];
  return v;
}

bool Placement::loaded(const Value& u, int level) const {
  const Info& n = info(u);
  if (n.role == Role::inlined) return n.stored && n.level < level;
  return true;
}

int Placement::loop_level(int node) const { return info(node).level - (info(node).role == Role::terminal ? 1 : 0); }

bool Placement::is_small(const Key& value, const Shape& space) const {
  return graph_.node(value.first).types[static_cast<size_t>(value.second)].shape.elements() * 8 <= space.elements();
}

void Placement::find_roles() {
  const std::vector<char> live = live_nodes(graph_);
  for (int i = 0; i < graph_.size(); ++i) {
    Info& n = info_[static_cast<size_t>(i)];
    n.live = live[static_cast<size_t>(i)];
    const GraphNode& node = graph_.node(i);
    const Op& o = *node.op;
    int64_t group = 0;
    if (dynamic_cast<const Input*>(&o) || dynamic_cast<const VariableOp*>(&o) || dynamic_cast<const Constant*>(&o)) {
      n.role = Role::leaf;
    } else if (dynamic_cast<const Map*>(&o) || dynamic_cast<const Iota*>(&o) ||
               dynamic_cast<const RandomUniform*>(&o) || dynamic_cast<const BroadcastTo*>(&o) ||
               dynamic_cast<const Cast*>(&o)) {
      n.role = Role::inlined;
    } else if (const auto* r = dynamic_cast<const Reduce*>(&o)) {
      const Reduction kind = classify(node.inputs[0].shape(), r->axes, group);
      if (kind == Reduction::row) n.role = Role::inlined;
      if (r->kind == Reduce::Kind::sum && (kind == Reduction::columns || kind == Reduction::total))
        n.role = Role::terminal;
    } else if (const auto* m = dynamic_cast<const MomentsOp*>(&o)) {
      if (classify(node.inputs[0].shape(), m->axes, group) == Reduction::columns) n.role = Role::terminal;
    } else if (o.is_view()) {
      n.role = Role::view;
      n.alias =
          dynamic_cast<const StopGradient*>(&o) ||
          (dynamic_cast<const Reshape*>(&o) && same_but_leading_ones(node.types[0].shape, node.inputs[0].shape()));
    }
  }
  auto want = [&](Value v) {
    v = source(v);
    if (info(v).role == Role::inlined) at(v).stored = true;
  };
  for (int i = 0; i < graph_.size(); ++i) {
    if (!info(i).live) continue;
    const bool reads_memory = info(i).role == Role::heavy || (info(i).role == Role::view && !info(i).alias);
    if (reads_memory) std::for_each(graph_.node(i).inputs.begin(), graph_.node(i).inputs.end(), want);
    // The step number of a random draw is read from memory.
    if (dynamic_cast<const RandomUniform*>(graph_.node(i).op.get())) want(graph_.node(i).inputs[0]);
  }
  for (const auto& o : graph_.outputs()) want(o.value);
  for (const auto& a : graph_.assigns()) want(a.value);
}

// Whether the value, read at v's shape, can be computed or loaded in a loop over `space`.
bool Placement::expressible(const Value& v, const Shape& space) const {
  std::map<int, bool> known;
  return expressible(v, space, known);
}

bool Placement::expressible(const Value& v, const Shape& space, std::map<int, bool>& known) const {
  const std::optional<Loop::Access> access = loop_access(v.shape(), space);
  if (!access) return false;
  const Value u = source(v);
  if (info(u).role != Role::inlined) return true;
  const int64_t rows = space.elements() / std::max<int64_t>(space.last(), 1);
  const bool whole = access->divide == 1 && (access->modulo == rows || access->modulo == 1);
  if (!whole) return false;
  if (info(u).pinned && info(u).space != space) return false;
  if (dynamic_cast<const RandomUniform*>(graph_.node(u.node).op.get()) && u.shape() != space) return false;
  if (u.shape().elements() != 1 && v.shape() != u.shape() && !loop_access(u.shape(), space)) return false;
  if (info(u).pinned) return true;  // its operands were checked against this very space
  const auto checked = known.find(u.node);
  if (checked != known.end()) return checked->second;
  const std::vector<Value>& operands = graph_.node(u.node).inputs;
  return known[u.node] = std::all_of(operands.begin(), operands.end(),
                                     [&](const Value& w) { return expressible(w, space, known); });
}

void Placement::place(int i) {
  Info& n = info_[static_cast<size_t>(i)];
  const GraphNode& node = graph_.node(i);
  if (n.role == Role::leaf) return;
  if (n.role == Role::view) {
    const Value u = node.inputs[0];
    n.level = info(u).level + (!n.alias && info(source(u)).role == Role::inlined ? 1 : 0);
    return;
  }
  if (n.role == Role::heavy) {
    for (const Value& v : node.inputs) n.level = std::max(n.level, info(v).level + 1);
    n.level = std::max(n.level, 1);
    return;
  }
  // The space: that of a pinned operand where this node fits into it, else the node's (or the reduced operand's) own.
  const auto* reduce = dynamic_cast<const Reduce*>(node.op.get());
  const bool reduces = reduce || dynamic_cast<const MomentsOp*>(node.op.get());
  const Shape own = reduces ? node.inputs[0].shape() : node.types[0].shape;
  n.space = own;
  for (const Value& v : node.inputs) {
    const Value u = source(v);
    if (info(u).role != Role::inlined || !info(u).pinned || info(u).space == own) continue;
    const Shape& space = info(u).space;
    int64_t group = 0;
    const bool total = n.role == Role::terminal && reduce && classify(own, reduce->axes, group) == Reduction::total;
    if (n.role == Role::terminal && !total) continue;
    if (n.role == Role::inlined && reduces) continue;
    const std::optional<Loop::Access> access = loop_access(own, space);
    const int64_t rows = space.elements() / space.last();
    const bool fits = access && access->divide == 1 && access->modulo == rows && rows > 1 &&
                      (access->extent == Loop::Extent::row || access->extent == Loop::Extent::full);
    if (fits &&
        std::all_of(node.inputs.begin(), node.inputs.end(), [&](const Value& w) { return expressible(w, space); })) {
      n.space = space;
      break;
    }
  }
  n.pinned = n.role == Role::inlined && reduces;
  for (const Value& v : node.inputs) {
    const Value u = source(v);
    if (info(u).role == Role::inlined) {
      if (!expressible(v, n.space)) {
        at(u).stored = true;
        n.level = std::max(n.level, info(u).level + 1);
      } else {
        n.pinned |= n.role == Role::inlined && info(u).pinned;
        n.level = std::max(n.level, info(u).level);
      }
    } else {
      n.level = std::max(n.level, info(u).level);
    }
  }
  if (n.role == Role::terminal) ++n.level;
}

void Placement::measure(const Value& v, int level, const Shape& space, std::set<int>& seen, Effort& effort) const {
  const Value u = source(v);
  if (loaded(u, level)) {
    const bool constant = dynamic_cast<const Constant*>(graph_.node(u.node).op.get()) != nullptr;
    if (!constant && u.shape().elements() * 8 > space.elements()) effort.tensors.insert({u.node, u.output});
    return;
  }
  if (!seen.insert(u.node).second) return;
  effort.instructions += dynamic_cast<const RandomUniform*>(graph_.node(u.node).op.get()) ? 4 : 1;
  if (dynamic_cast<const Reduce*>(graph_.node(u.node).op.get())) effort.reduces = true, effort.instructions += 2;
  for (const Value& w : graph_.node(u.node).inputs) measure(w, level, space, seen, effort);
}

void Placement::store_what_is_dear() {
  std::vector<int> last_use(static_cast<size_t>(graph_.size()), -1);  // highest level of a loop that wants the value
  std::vector<int64_t> widest(static_cast<size_t>(graph_.size()), 0);
  for (int i = 0; i < graph_.size(); ++i) {
    if (!info(i).live || (info(i).role != Role::inlined && info(i).role != Role::terminal)) continue;
    for (const Value& v : graph_.node(i).inputs) {
      const size_t u = static_cast<size_t>(source(v).node);
      last_use[u] = std::max(last_use[u], loop_level(i));
      widest[u] = std::max(widest[u], info(i).space.elements());
    }
  }
  for (int i = 0; i < graph_.size(); ++i) {
    Info& n = info_[static_cast<size_t>(i)];
    if (!n.live || n.role != Role::inlined || n.stored || last_use[static_cast<size_t>(i)] <= n.level) continue;
    Effort effort;
    std::set<int> seen;
    measure(value(i, 0), n.level + 1, n.space, seen, effort);
    const bool small = graph_.node(i).types[0].shape.elements() * 8 <= widest[static_cast<size_t>(i)];
    const bool narrowed = graph_.node(i).types[0].dtype == DType::bf16;  // half the memory of what it is made from
    n.stored = narrowed ? !small : small ? effort.reduces : effort.tensors.size() > 1 || effort.instructions > 16;
  }
}

void Placement::narrow_what_is_kept() {
  std::vector<char> as_it_is(static_cast<size_t>(graph_.size()), 0);
  std::vector<int64_t> widest(static_cast<size_t>(graph_.size()), 0);  // space of a loop that reads the value
  const auto keep = [&](const Value& v) { as_it_is[static_cast<size_t>(memory(v).node)] = 1; };
  for (int i = 0; i < graph_.size(); ++i) {
    if (!info(i).live) continue;
    for (const Value& v : graph_.node(i).inputs) {
      if (info(i).role == Role::heavy || (info(i).role == Role::view && !info(i).alias)) keep(v);
      int64_t& space = widest[static_cast<size_t>(source(v).node)];
      space = std::max(space, info(i).space.elements());
    }
  }
  for (const auto& o : graph_.outputs()) keep(o.value);
  for (const auto& a : graph_.assigns()) keep(a.value);
  for (int i = 0; i < graph_.size(); ++i) {
    Info& n = info_[static_cast<size_t>(i)];
    const GraphNode& node = graph_.node(i);
    const bool kept = n.live && (n.role == Role::heavy || (n.role == Role::inlined && n.stored));
    const bool large = node.types[0].shape.elements() * 8 > widest[static_cast<size_t>(i)];
    n.narrow = kept && large && !as_it_is[static_cast<size_t>(i)] && !node.scope.empty() && node.types.size() == 1 &&
               node.types[0].dtype == DType::f32;
  }
}

}  // namespace dl
