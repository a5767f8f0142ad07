// The fusion pass: deciding is in fusion/, this builds the new graph.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "lib/base/error.h"
#include "lib/graph/fusion/emitter.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/passes.h"
#include "lib/graph/rewriter.h"

namespace dl {

std::vector<char> live_nodes(const Graph& graph) {
  std::vector<char> live(static_cast<size_t>(graph.size()), 0);
  for (const auto& o : graph.outputs()) live[static_cast<size_t>(o.value.node)] = 1;
  for (const auto& a : graph.assigns()) live[static_cast<size_t>(a.value.node)] = 1;
  for (int i = graph.size() - 1; i >= 0; --i) {
    if (!live[static_cast<size_t>(i)]) continue;
    for (const Value& v : graph.node(i).inputs) live[static_cast<size_t>(v.node)] = 1;
  }
  return live;
}

std::optional<Loop::Access> loop_access(const Shape& shape, const Shape& space) {
  const int rank = space.rank(), lead = rank - shape.rank();
  if (lead < 0) {  // only leading ones may be dropped
    for (int i = 0; i < -lead; ++i) {
      if (shape[i] != 1) return std::nullopt;
    }
  }
  auto size = [&](int axis) { return axis < lead ? int64_t{1} : shape[axis - lead]; };
  const int64_t cols = space.last(), rows = rank ? space.elements() / std::max<int64_t>(cols, 1) : 1;
  for (int i = std::max(0, lead); i < rank; ++i) {
    if (size(i) != 1 && size(i) != space[i]) return std::nullopt;
  }
  bool on_cols = rank > 0 && cols > 1 && size(rank - 1) == cols;
  int first = -1, last = -1;
  for (int i = 0; i + 1 < rank; ++i) {
    if (space[i] == 1 || size(i) == 1) continue;
    if (first < 0) first = i;
    last = i;
  }
  Loop::Access access;
  if (first >= 0) {
    for (int i = first; i <= last; ++i) {
      if (space[i] != 1 && size(i) == 1) return std::nullopt;  // present, repeated, present again
      access.modulo *= space[i];
    }
    for (int i = last + 1; i + 1 < rank; ++i) access.divide *= space[i];
  }
  const bool on_rows = first >= 0;
  using Extent = Loop::Extent;
  if (rows == 1 && on_cols) {
    access.extent = Extent::full;
  } else if (cols == 1 && on_rows) {
    access.extent = Extent::full;
  } else {
    access.extent = on_rows ? (on_cols ? Extent::full : Extent::row) : (on_cols ? Extent::column : Extent::scalar);
  }
  if (rows == 1 && cols == 1) access.extent = Extent::full;
  return access;
}

namespace {

class Fuser {
 public:
  Fuser(const Graph& graph, const TakesEpilogue& takes_epilogue)
      : old_(graph), rewriter_(graph), placement_(graph), partition_(placement_, takes_epilogue) {}

  std::unique_ptr<Graph> run() {
    for (int index : partition_.order()) {
      const Part& part = partition_.part(index);
      if (part.guest >= 0) {
        build_epilogue(index);
      } else if (part.heavy) {
        build_heavy(part.roots[0]);
      } else {
        build_loop(part);
      }
    }
    return rewriter_.finish([&](const Value& v) { return mapped(v); });
  }

 private:
  // The value in the new graph of one that exists in memory.
  Value mapped(const Value& v) {
    if (rewriter_.has(v.node, v.output)) return rewriter_.mapped(v);
    const GraphNode& node = old_.node(v.node);
    const Placement::Role role = placement_.info(v).role;
    DL_CHECK(role == Placement::Role::leaf || role == Placement::Role::view, node.op->name(), " %", v.node,
             " was not computed");
    if (dynamic_cast<const StopGradient*>(node.op.get()))
      rewriter_.put(v.node, v.output, mapped(node.inputs[0]));
    else
      rewriter_.put(v.node, v.output, rewriter_.made().add_one(node.op, mapped_inputs(node)));
    return rewriter_.mapped(v);
  }

  std::vector<Value> mapped_inputs(const GraphNode& node) {
    std::vector<Value> inputs;
    for (const Value& v : node.inputs) inputs.push_back(mapped(v));
    return inputs;
  }

  void build_heavy(int index) { rewriter_.copy(index, old_.node(index).op, mapped_inputs(old_.node(index))); }

  Emitter emitter(const Part& part, int host) {
    return Emitter(placement_, part, host, [this](const Value& v) { return mapped(v); });
  }

  void define(const std::vector<Placement::Key>& defines, const std::vector<Value>& made) {
    for (size_t i = 0; i < defines.size(); ++i) rewriter_.put(defines[i].first, defines[i].second, made[i]);
  }

  void build_loop(const Part& part) {
    Emitter e = emitter(part, -1);
    for (int root : part.roots) e.add_root(root);
    rewriter_.place_as(part.roots.back());
    define(e.defines, rewriter_.made().add(std::make_shared<LoopOp>(std::move(e.loop), std::move(e.types)), e.inputs));
  }

  void build_epilogue(int index) {
    const int host = partition_.part(index).roots[0];
    const Part& guest = partition_.part(partition_.part(index).guest);
    const GraphNode& node = old_.node(host);
    std::vector<Value> inputs = mapped_inputs(node);
    Emitter e = emitter(guest, host);
    if (partition_.read_elsewhere(index)) e.store_product();
    for (int root : guest.roots) e.add_root(root);
    inputs.insert(inputs.end(), e.inputs.begin() + 1, e.inputs.end());
    rewriter_.place_as(host);
    define(e.defines, rewriter_.made().add(
                          std::make_shared<EpilogueOp>(node.op, static_cast<int>(node.inputs.size()), node.types[0],
                                                       LoopOp(std::move(e.loop), std::move(e.types))),
                          inputs));
  }

  const Graph& old_;
  Rewriter rewriter_;
  const Placement placement_;
  const Partition partition_;
};

}  // namespace

std::unique_ptr<Graph> fuse(const Graph& graph, const TakesEpilogue& takes_epilogue) {
  return Fuser(graph, takes_epilogue).run();
}

}  // namespace dl
