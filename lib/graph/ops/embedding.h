// Rows of a table, chosen by index.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/base/error.h"
#include "lib/graph/graph.h"

namespace dl {

struct Embedding final : Op {
  // inputs: table f32 [rows, dim], indices i32 of any shape; output f32 indices' shape + [dim]. An index
  // outside the table is a fault. The row `padding` (-1: none) takes no gradient.
  explicit Embedding(int64_t padding) : padding(padding) {}
  std::string_view name() const override { return "embedding"; }
  std::string attributes() const override { return padding < 0 ? "" : std::to_string(padding); }
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const int64_t padding;
};

// The sum of the rows of dy that belong to each row of the table, added in the order of the indices. Those that are no
// rows of it count nothing.
struct EmbeddingGrad final : Op {  // inputs: dy, indices; output f32 [rows, dim]
  EmbeddingGrad(int64_t rows, int64_t padding) : rows(rows), padding(padding) {}
  std::string_view name() const override { return "embedding_grad"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const int64_t rows, padding;
};

// What is wrong where an index is not a row of the table.
Problem no_such_row(int32_t index, int64_t rows);

}  // namespace dl
