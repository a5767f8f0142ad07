// Mixed precision: products take bf16, sums, statistics and losses stay f32.
// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include "lib/base/error.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/cast.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/ops/shape_ops.h"
#include "lib/graph/passes.h"
#include "lib/graph/rewriter.h"

namespace dl {

namespace {

bool is_f32(const Value& v) { return v.type().dtype == DType::f32; }

class Narrowing {
 public:
  explicit Narrowing(const Graph& graph)
      : old_(graph), rewriter_(graph), narrowed_(static_cast<size_t>(graph.size()), 0), gradient_(narrowed_.size(), 0) {
    find_gradients_of_parameters();
    for (int i = 0; i < old_.size(); ++i) {
      if (use_of(i) == Narrow::no) continue;
      for (size_t k = 0; k < old_.node(i).inputs.size(); ++k) {
        const Value& v = old_.node(i).inputs[k];
        if (!is_f32(v) || !old_.node(i).op->narrows(k)) continue;
        mark_narrowed(behind_views(v));
        count_narrowed(v);
      }
    }
  }

  std::unique_ptr<Graph> run() {
    for (int i = 0; i < old_.size(); ++i) build(i);
    rewriter_.made().narrows = true;
    return rewriter_.finish([&](const Value& v) { return cast_like(v); });
  }

 private:
  // What node i does with bf16; what only moves gradients of parameters to their place leaves them as they are.
  Narrow use_of(int i) const {
    const GraphNode& node = old_.node(i);
    std::vector<Type> types;
    for (const Value& v : node.inputs) types.push_back(v.type());
    const Narrow use = node.op->narrow(types);
    return use == Narrow::moves && gradient_[static_cast<size_t>(i)] ? Narrow::no : use;
  }

  // Counts, of each variable, the elements that are narrowed.
  void count_narrowed(const Value& v) {
    const Value whole = behind_views(v);
    if (dynamic_cast<const VariableOp*>(old_.node(whole.node).op.get()) && counted_.insert(v.node).second)
      elements_narrowed_[whole.node] += v.shape().elements();
  }
  bool is_narrowed_whole(const Value& variable) const {
    const auto found = elements_narrowed_.find(variable.node);
    return found == elements_narrowed_.end() || 3 * found->second >= 2 * variable.shape().elements();
  }

  void mark_narrowed(const Value& v) { narrowed_[static_cast<size_t>(v.node)] |= 1u << v.output; }

  Value behind_views(Value v) const {
    while (old_.node(v.node).op->is_view()) v = old_.node(v.node).inputs[0];
    return v;
  }

  // Values that end up in the range of all gradients, by elementwise operations and moves only.
  void find_gradients_of_parameters() {
    std::vector<char> elsewhere(gradient_.size(), 0), packed(gradient_.size(), 0);
    for (const auto& named : {old_.outputs(), old_.assigns()}) {
      for (const Graph::Named& n : named) elsewhere[static_cast<size_t>(n.value.node)] = 1;
    }
    for (int i = old_.size() - 1; i >= 0; --i) {
      const GraphNode& node = old_.node(i);
      const size_t at = static_cast<size_t>(i);
      gradient_[at] = packed[at] && !elsewhere[at];
      const bool moves = node.op->is_view() || dynamic_cast<const Transpose*>(node.op.get()) ||
                         dynamic_cast<const Map*>(node.op.get());
      const bool leads = dynamic_cast<const Pack*>(node.op.get()) || (gradient_[at] && moves);
      for (const Value& v : node.inputs) (leads ? packed : elsewhere)[static_cast<size_t>(v.node)] = 1;
    }
  }

  Value mapped(const Value& v) const { return rewriter_.mapped(v); }
  Value cast_like(const Value& old) { return is_f32(old) ? as_f32(mapped(old)) : mapped(old); }

  void build(int i) {
    const GraphNode& node = old_.node(i);
    const Narrow use = use_of(i);
    const bool passes =
        node.op->is_view() || dynamic_cast<const Map*>(node.op.get()) || dynamic_cast<const Cast*>(node.op.get());
    rewriter_.place_as(i);
    std::vector<Value> inputs;
    for (const Value& v : node.inputs) {
      const bool narrow = use != Narrow::no && is_f32(v) && node.op->narrows(inputs.size());
      inputs.push_back(narrow ? narrow_operand(v) : passes ? mapped(v) : cast_like(v));
    }
    const std::vector<Value> made = rewriter_.copy(i, node.op, std::move(inputs));
    // All that read it see the same numbers, so that it is kept once. Parameters stay exact for their update.
    const bool leaf = dynamic_cast<const VariableOp*>(node.op.get()) || dynamic_cast<const Constant*>(node.op.get());
    if (!narrowed_[static_cast<size_t>(i)] || leaf || before_widening(i)) return;
    for (size_t output = 0; output < made.size(); ++output) {
      if (is_f32(made[output]) && (narrowed_[static_cast<size_t>(i)] >> output & 1) != 0)
        rewriter_.put(i, static_cast<int>(output), as_bf16(made[output]));
    }
  }

  // An operand in bf16. Variables of which most is wanted are narrowed whole, in one pass, so that a view of the
  // parameters is one of their copy.
  Value narrow_operand(const Value& v) {
    const GraphNode& node = old_.node(v.node);
    if (!is_f32(mapped(v))) return mapped(v);
    if (node.op->is_view() && is_narrowed_whole(behind_views(v)))
      return rewriter_.made().add_one(node.op, {narrow_operand(node.inputs[0])});
    if (const Value narrow = before_widening(v.node)) return mapped(narrow);
    return as_bf16(mapped(v));
  }

  // What was bf16 before it was cast to f32; unset for others.
  Value before_widening(int i) const {
    const GraphNode& node = old_.node(i);
    const bool widened = dynamic_cast<const Cast*>(node.op.get()) && node.inputs[0].type().dtype == DType::bf16;
    return widened ? node.inputs[0] : Value{};
  }

  const Graph& old_;
  Rewriter rewriter_;
  std::vector<unsigned> narrowed_;            // by node, a bit an output: an operand of what takes bf16
  std::vector<char> gradient_;                // by node: read only by what leads into a Pack
  std::set<int> counted_;                     // nodes whose elements are in
  std::map<int, int64_t> elements_narrowed_;  // by variable's node
};

}  // namespace

std::unique_ptr<Graph> narrow(const Graph& graph) { return Narrowing(graph).run(); }

}  // namespace dl
