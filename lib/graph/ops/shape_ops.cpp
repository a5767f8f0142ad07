// Reshape, transpose, broadcast, view, pack.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/shape_ops.h"

#include "lib/base/error.h"
#include "lib/graph/ops.h"
#include "lib/graph/sizes.h"

namespace dl {

std::vector<Type> Reshape::infer(std::span<const Type> inputs) const {
  if (inputs[0].shape.elements() != shape.elements()) {
    throw ShapeError(concat("cannot reshape ", inputs[0].shape.text(), " to ", shape.text(), ": ",
                            inputs[0].shape.elements(), " elements against ", shape.elements()));
  }
  return {Type{inputs[0].dtype, shape}};
}

std::vector<Value> Reshape::gradient(const Backward& b) const { return {reshape(b.gradients[0], b.inputs[0].shape())}; }

std::string Transpose::attributes() const {
  std::string out;
  for (int axis : order) out += concat(out.empty() ? "" : " ", axis);
  return out;
}

std::vector<Type> Transpose::infer(std::span<const Type> inputs) const {
  DL_CHECK(static_cast<int>(order.size()) == inputs[0].shape.rank(), "order ", attributes(), " of ",
           inputs[0].shape.text());
  std::vector<int64_t> sizes;
  for (int axis : order) sizes.push_back(inputs[0].shape[axis]);
  return {Type{inputs[0].dtype, Shape(std::move(sizes))}};
}

std::vector<Value> Transpose::gradient(const Backward& b) const {
  std::vector<int> inverse(order.size());
  for (size_t i = 0; i < order.size(); ++i) inverse[static_cast<size_t>(order[i])] = static_cast<int>(i);
  return {transpose(b.gradients[0], inverse)};
}

std::vector<Type> BroadcastTo::infer(std::span<const Type> inputs) const {
  DL_CHECK(broadcast(inputs[0].shape, shape) == shape, inputs[0].shape.text(), " to ", shape.text());
  return {Type{inputs[0].dtype, shape}};
}

std::vector<Value> BroadcastTo::gradient(const Backward& b) const {
  const Shape& from = b.inputs[0].shape();
  std::vector<int> axes;
  const int lead = shape.rank() - from.rank();
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] != 1 && (i < lead || from[i - lead] == 1)) axes.push_back(i);
  }
  return {reshape(axes.empty() ? b.gradients[0] : sum(b.gradients[0], axes), from)};
}

std::string View::attributes() const { return concat(offset, " ", shape.text()); }

std::vector<Type> View::infer(std::span<const Type> inputs) const {
  DL_CHECK(inputs[0].shape.rank() == 1 && offset >= 0 && offset + shape.elements() <= inputs[0].shape[0], attributes(),
           " of ", inputs[0].shape.text());
  return {Type{inputs[0].dtype, shape}};
}

std::vector<Value> View::gradient(const Backward& b) const {
  return {pack({as_f32(b.gradients[0])}, {offset}, b.inputs[0].shape()[0])};
}

std::string Pack::attributes() const {
  std::string out = concat(size, ":");
  for (int64_t offset : offsets) out += concat(" ", offset);
  return out;
}

std::vector<Type> Pack::infer(std::span<const Type> inputs) const {
  DL_CHECK(inputs.size() == offsets.size(), inputs.size(), " parts, ", offsets.size(), " offsets");
  int64_t end = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    DL_CHECK(offsets[i] >= end, "part ", i, " at ", offsets[i], " begins before ", end);
    end = offsets[i] + inputs[i].shape.elements();
  }
  DL_CHECK(end <= size, "parts end at ", end, " of ", size);
  return {Type{DType::f32, {size}}};
}

Value reshape(Value x, Shape shape) {
  int64_t known = 1;
  int open = -1;
  for (int i = 0; i < shape.rank(); ++i) shape[i] == -1 ? void(open = i) : void(known = times(known, shape[i]));
  if (open >= 0) shape[open] = known > 0 ? x.shape().elements() / known : 0;
  return x.shape() == shape ? x : x.graph->add_one(std::make_shared<Reshape>(std::move(shape)), {x});
}

Value transpose(Value x, std::vector<int> order) {
  return x.graph->add_one(std::make_shared<Transpose>(std::move(order)), {x});
}

Value broadcast_to(Value x, const Shape& shape) {
  x = as_f32(x);
  return x.shape() == shape ? x : x.graph->add_one(std::make_shared<BroadcastTo>(shape), {x});
}

Value view(Value flat, int64_t offset, Shape shape) {
  return flat.graph->add_one(std::make_shared<View>(offset, std::move(shape)), {flat});
}

Value pack(std::vector<Value> parts, std::vector<int64_t> offsets, int64_t size) {
  Graph& g = *parts.at(0).graph;
  return g.add_one(std::make_shared<Pack>(std::move(offsets), size), std::move(parts));
}

}  // namespace dl
