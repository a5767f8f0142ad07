// Pointers, and how parameters lie.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/c/writer.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/ops/shape_ops.h"

namespace dl::c {

bool Writer::is_input(const Value& v) const { return graph_.node(v.node).op->name() == "input"; }

std::string Writer::pointer(const Value& v) {
  if (tensor_of(v)) return laid(v, Lie::as_it_is);
  const GraphNode& node = graph_.node(v.node);
  if (const auto* view = dynamic_cast<const View*>(node.op.get()))
    return concat("(", pointer(node.inputs[0]), " + ", view->offset, ")");
  if (node.op->is_view()) return pointer(node.inputs[0]);
  if (is_input(v)) return "in_" + std::to_string(v.node);
  const int64_t at = places_.at.at({v.node, v.output});
  if (v.type().dtype != DType::i32) return concat("(memory + ", at, ")");
  whole_ = std::max(whole_, at + v.shape().elements());
  return concat("(integers + ", at, ")");
}

std::string Writer::laid(const Value& v, Lie lie) {
  const Tensor* tensor = tensor_of(v);
  if (!tensor) {
    DL_CHECK(lie != Lie::as_it_is, "nothing stands for ", graph_.node(v.node).op->name());
    scratch_ = std::max(scratch_, stored_elements(v.shape(), lie));
    const std::string from = pointer(v);
    const Shape& s = v.shape();
    const int64_t inner = lie == Lie::matrix_transposed ? 1 : s.elements() / s[0] / s[1];
    call("lay", {from, "scratch", std::to_string(s[0]), std::to_string(s[1]), std::to_string(inner)});
    return "scratch";
  }
  const auto [found, fresh] = offsets_.try_emplace({tensor->path, lie}, stored_elements_);
  if (fresh) {
    stored_.push_back({tensor, lie, stored_elements_});
    stored_elements_ += stored_elements(tensor->shape, lie);
  }
  return concat("(weights + ", found->second, ")");
}

void Writer::call(const std::string& function, const std::vector<std::string>& arguments) {
  body_ += function + "(" + join(arguments) + ");\n";
}

int64_t Writer::stored_elements(const Shape& shape, Lie lie) {
  return lie == Lie::as_it_is ? shape.elements() : shape.elements() / shape[0] * wide(shape[0]);
}

// [a, b, inner] as [inner, b, wide(a)].
std::vector<float> Writer::as_stored(const std::vector<float>& values, const Shape& shape, Lie lie) {
  if (lie == Lie::as_it_is) return values;
  const int64_t a = shape[0], b = shape[1], inner = shape.elements() / a / b;
  std::vector<float> out(static_cast<size_t>(stored_elements(shape, lie)), 0.0f);
  for (int64_t i = 0; i < a; ++i)
    for (int64_t j = 0; j < b; ++j)
      for (int64_t k = 0; k < inner; ++k)
        out[static_cast<size_t>((k * b + j) * wide(a) + i)] = values[static_cast<size_t>((i * b + j) * inner + k)];
  return out;
}

}  // namespace dl::c
