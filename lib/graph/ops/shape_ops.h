// Operations that move values without changing them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"

namespace dl {

struct Reshape final : Op {  // inputs: x with as many elements
  explicit Reshape(Shape shape) : shape(std::move(shape)) {}
  std::string_view name() const override { return "reshape"; }
  std::string attributes() const override { return shape.text(); }
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  bool is_view() const override { return true; }
  const Shape shape;
};

struct Transpose final : Op {  // inputs: x; result axis i is x's axis order[i]
  explicit Transpose(std::vector<int> order) : order(std::move(order)) {}
  std::string_view name() const override { return "transpose"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Narrow narrow(std::span<const Type>) const override { return Narrow::moves; }
  const std::vector<int> order;
};

struct BroadcastTo final : Op {  // inputs: x
  explicit BroadcastTo(Shape shape) : shape(std::move(shape)) {}
  std::string_view name() const override { return "broadcast_to"; }
  std::string attributes() const override { return shape.text(); }
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  const Shape shape;
};

// Elements [offset, offset + elements) of a one-dimensional value, in another shape.
struct View final : Op {  // inputs: flat
  View(int64_t offset, Shape shape) : offset(offset), shape(std::move(shape)) {}
  std::string_view name() const override { return "view"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  bool is_view() const override { return true; }
  const int64_t offset;
  const Shape shape;
};

// Parts laid one behind another at the given offsets of a one-dimensional value; the gaps are 0. The planner lets the
// parts be written where they belong, so that packing costs nothing.
struct Pack final : Op {  // inputs: the parts, f32
  Pack(std::vector<int64_t> offsets, int64_t size) : offsets(std::move(offsets)), size(size) {}
  std::string_view name() const override { return "pack"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  const std::vector<int64_t> offsets;
  const int64_t size;
};

}  // namespace dl
