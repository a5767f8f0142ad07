// Writing the instructions of loops.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/fusion/emitter.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/cast.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/ops/reduce.h"
#include "lib/graph/ops/shape_ops.h"

namespace dl {

namespace {

using Extent = Loop::Extent;
using Kind = Loop::Instruction::Kind;

Extent join(Extent a, Extent b) {
  if (a == b || b == Extent::scalar) return a;
  if (a == Extent::scalar) return b;
  return Extent::full;
}

}  // namespace

Emitter::Emitter(const Placement& placement, const Part& part, int host, std::function<Value(const Value&)> mapped)
    : placement_(placement),
      graph_(placement.graph()),
      level_(part.level),
      space_(part.space),
      host_(host),
      mapped_(std::move(mapped)) {
  loop.cols = space_.last();
  loop.rows = space_.elements() / loop.cols;
  if (host_ >= 0) inputs.push_back(Value{});
}

int Emitter::push(const Loop::Instruction& instruction) {
  loop.code.push_back(instruction);
  return static_cast<int>(loop.code.size()) - 1;
}

// The register with one value for every element of the extent.
int Emitter::spread(int reg, Extent extent) {
  if (extent_of(reg) == extent) return reg;
  const int zero = push({.kind = Kind::constant, .value = 0});
  return push({.kind = Kind::map, .function = Function::add, .extent = extent, .a = reg, .b = zero});
}

int Emitter::input_slot(const Value& made) {
  const auto known = std::find(inputs.begin(), inputs.end(), made);
  if (known != inputs.end()) return static_cast<int>(known - inputs.begin());
  inputs.push_back(made);
  return static_cast<int>(inputs.size()) - 1;
}

// The register of v; the instructions for it are added where they are not there yet.
int Emitter::emit(const Value& v) {
  const Value u = placement_.source(v);
  const auto* constant = dynamic_cast<const Constant*>(graph_.node(u.node).op.get());
  const bool product = u.node == host_ && stores_product_;
  if (!constant && !product && placement_.loaded(u, level_))
    return load(u, u.shape().elements() == 1 ? Shape{} : v.shape());
  const auto known = registers_.find({u.node, u.output});
  if (known != registers_.end()) return known->second;
  int reg = constant  ? push({.kind = Kind::constant, .value = constant->value})
            : product ? load(u, v.shape())
                      : compute(u);
  // Whoever reads it here reads what others will read from memory, so that it can be made again from that.
  if (placement_.info(u).narrow)
    reg = push({.kind = Kind::map, .function = Function::round_bf16, .extent = extent_of(reg), .a = reg});
  return registers_[{u.node, u.output}] = reg;
}

int Emitter::load(const Value& u, const Shape& shape) {
  Value from = u.node == host_ ? Value{} : mapped_(u);
  std::optional<Loop::Access> access = loop_access(shape, space_);
  if (!access) {  // repeated in a pattern that a loop cannot follow: spread it out first
    from = from.graph->add_one(std::make_shared<BroadcastTo>(space_), {reshape(from, shape)});
    access = loop_access(space_, space_);
  }
  const int slot = input_slot(from);
  for (size_t i = 0; i < loop.code.size(); ++i) {
    const Loop::Instruction& known = loop.code[i];
    if (known.kind == Kind::load && known.input == slot && known.access == *access) return static_cast<int>(i);
  }
  return push({.kind = Kind::load, .extent = access->extent, .input = slot, .access = *access});
}

int Emitter::compute(const Value& u) {
  const GraphNode& node = graph_.node(u.node);
  if (const auto* m = dynamic_cast<const Map*>(node.op.get())) {
    Loop::Instruction map{.kind = Kind::map, .function = m->function};
    int* operands[] = {&map.a, &map.b, &map.c};
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      *operands[i] = emit(node.inputs[i]);
      map.extent = join(map.extent, extent_of(*operands[i]));
    }
    return push(map);
  }
  if (const auto* cast = dynamic_cast<const Cast*>(node.op.get())) {
    const int operand = emit(node.inputs[0]);
    if (cast->dtype == DType::f32) return operand;
    return push({.kind = Kind::map, .function = Function::round_bf16, .extent = extent_of(operand), .a = operand});
  }
  if (dynamic_cast<const BroadcastTo*>(node.op.get())) return emit(node.inputs[0]);
  if (dynamic_cast<const Iota*>(node.op.get())) {
    if (loop_access(u.shape(), space_)->extent == Extent::scalar) return push({.kind = Kind::constant, .value = 0});
    return push({.kind = Kind::iota, .extent = Extent::column});
  }
  if (const auto* r = dynamic_cast<const RandomUniform*>(node.op.get())) {
    const int step = input_slot(mapped_(node.inputs[0]));
    return push({.kind = Kind::random, .extent = Extent::full, .input = step, .key = r->key});
  }
  const auto* reduce = dynamic_cast<const Reduce*>(node.op.get());
  DL_CHECK(reduce != nullptr, "no instruction for ", node.op->name());
  const int operand = spread(emit(node.inputs[0]), Extent::full);
  const Kind kind = reduce->kind == Reduce::Kind::sum ? Kind::row_sum : Kind::row_max;
  return push({.kind = kind, .extent = Extent::row, .a = operand});
}

void Emitter::result(const Loop::Result& r, const Type& type, Placement::Key key) {
  if (r.kind != Loop::Result::Kind::moments || key.second == 0) loop.results.push_back(r);
  types.push_back(type);
  defines.push_back(key);
}

// Of what leaves the loop as it is.
Type Emitter::kept_type(int node) const {
  Type type = graph_.node(node).types[0];
  if (placement_.info(node).narrow) type.dtype = DType::bf16;
  return type;
}

void Emitter::store_product() {
  stores_product_ = true;
  const Type type = kept_type(host_);
  result({.kind = Loop::Result::Kind::store, .source = load(placement_.value(host_, 0), type.shape)}, type, {host_, 0});
}

void Emitter::add_root(int root) {
  const GraphNode& node = graph_.node(root);
  if (placement_.info(root).role == Placement::Role::inlined) {
    // A register may vary less than its shape says; what is stored has every element.
    const Extent extent = loop_access(node.types[0].shape, space_)->extent;
    int reg = emit(placement_.value(root, 0));
    const Loop::Instruction& last = loop.code[static_cast<size_t>(reg)];
    const bool rounds = last.kind == Kind::map && last.function == Function::round_bf16;
    if (rounds && node.types[0].dtype == DType::bf16) reg = last.a;  // the store rounds
    reg = spread(reg, extent);
    result({.kind = Loop::Result::Kind::store, .source = reg}, kept_type(root), {root, 0});
    return;
  }
  const Shape& operand = node.inputs[0].shape();
  const auto* reduce = dynamic_cast<const Reduce*>(node.op.get());
  const auto* moments = dynamic_cast<const MomentsOp*>(node.op.get());
  int64_t group = 0;
  if (classify(operand, reduce ? reduce->axes : moments->axes, group) == Reduction::total) {
    const Extent extent = loop_access(operand, space_)->extent == Extent::full ? Extent::full : Extent::row;
    const int reg = spread(emit(node.inputs[0]), extent);
    result({.kind = Loop::Result::Kind::total, .source = reg}, node.types[0], {root, 0});
    return;
  }
  const auto kind = moments ? Loop::Result::Kind::moments : Loop::Result::Kind::sum;
  const Loop::Result r{.kind = kind, .source = spread(emit(node.inputs[0]), Extent::full), .group = group};
  for (int output = 0; output < static_cast<int>(node.types.size()); ++output) {
    result(r, node.types[static_cast<size_t>(output)], {root, output});
  }
}

}  // namespace dl
