// Concatenation and slices.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/concat.h"

#include "lib/base/error.h"
#include "lib/graph/ops.h"
#include "lib/graph/sizes.h"

namespace dl {

std::vector<Type> Concat::infer(std::span<const Type> inputs) const {
  Type whole = inputs[0];
  DL_CHECK(axis >= 0 && axis < whole.shape.rank(), "axis ", axis, " of ", whole.shape.text());
  for (const Type& part : inputs.subspan(1)) {
    Type fitting = whole;
    if (part.shape.rank() == whole.shape.rank()) fitting.shape[axis] = part.shape[axis];
    if (!(part == fitting)) {
      throw ShapeError(
          concat("cannot lay ", part.shape.text(), " beside ", inputs[0].shape.text(), " along axis ", axis));
    }
    whole.shape[axis] = plus(whole.shape[axis], part.shape[axis]);
  }
  return {whole};
}

std::vector<Value> Concat::gradient(const Backward& b) const {
  std::vector<Value> parts;
  int64_t begin = 0;
  for (const Value& x : b.inputs) {
    parts.push_back(slice(b.gradients[0], axis, begin, x.shape()[axis]));
    begin += x.shape()[axis];
  }
  return parts;
}

std::string Slice::attributes() const { return concat(axis, " ", begin, " ", size); }

std::vector<Type> Slice::infer(std::span<const Type> inputs) const {
  Type part = inputs[0];
  DL_CHECK(axis >= 0 && axis < part.shape.rank() && begin >= 0 && size >= 0 && begin + size <= part.shape[axis],
           attributes(), " of ", part.shape.text());
  part.shape[axis] = size;
  return {part};
}

std::vector<Value> Slice::gradient(const Backward& b) const {
  const auto zeros = [&](int64_t count) {
    Shape shape = b.inputs[0].shape();
    shape[axis] = count;
    return broadcast_to(constant(*b.inputs[0].graph, 0), shape);
  };
  std::vector<Value> parts;
  const int64_t after = b.inputs[0].shape()[axis] - begin - size;
  if (begin > 0) parts.push_back(zeros(begin));
  parts.push_back(b.gradients[0]);
  if (after > 0) parts.push_back(zeros(after));
  return {concatenate(std::move(parts), axis)};
}

Cost Slice::cost(std::span<const Type>, std::span<const Type> outputs) const {
  return {.bytes = 2 * static_cast<double>(outputs[0].bytes())};
}

Value concatenate(std::vector<Value> parts, int axis) {
  if (parts.size() == 1) return parts[0];
  Graph& g = *parts.at(0).graph;
  const int rank = parts[0].shape().rank();
  return g.add_one(std::make_shared<Concat>(axis < 0 ? axis + rank : axis), std::move(parts));
}

Value slice(Value x, int axis, int64_t begin, int64_t size) {
  if (axis < 0) axis += x.shape().rank();
  if (size == x.shape()[axis]) return x;
  return x.graph->add_one(std::make_shared<Slice>(axis, begin, size), {x});
}

}  // namespace dl
