// The same elements as another type: f32 and bf16.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"

namespace dl {

struct Cast final : Op {  // input: any type; output: the same shape, of `dtype`, f32 or bf16
  explicit Cast(DType dtype) : dtype(dtype) {}
  std::string_view name() const override { return "cast"; }
  std::string attributes() const override { return name_of(dtype); }
  std::vector<Type> infer(std::span<const Type> inputs) const override { return {Type{dtype, inputs[0].shape}}; }
  std::vector<Value> gradient(const Backward& b) const override;
  const DType dtype;
};

}  // namespace dl
