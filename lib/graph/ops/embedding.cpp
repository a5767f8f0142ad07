// Embedding and its gradient.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/embedding.h"

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {

std::vector<Type> Embedding::infer(std::span<const Type> inputs) const {
  const Type &table = inputs[0], &indices = inputs[1];
  DL_CHECK((table.dtype == DType::f32 || table.dtype == DType::i32) && table.shape.rank() == 2, "a table of ",
           name_of(table.dtype), " ", table.shape.text());
  if (indices.dtype != DType::i32) {
    throw ShapeError(
        concat("expected whole numbers (i32), got ", name_of(indices.dtype), " ", indices.shape.without_batch().text()),
        "put 'embedding' first, on data of tokens or categories");
  }
  std::vector<int64_t> sizes = indices.shape.sizes();
  sizes.push_back(table.shape[1]);
  return {Type{table.dtype, Shape(std::move(sizes))}};
}

std::vector<Value> Embedding::gradient(const Backward& b) const {
  const Value table = b.inputs[0], indices = b.inputs[1];
  if (table.type().dtype == DType::i32) return {Value{}, Value{}};
  const auto op = std::make_shared<EmbeddingGrad>(table.shape()[0], padding);
  return {table.graph->add_one(op, {as_f32(b.gradients[0]), indices}), Value{}};
}

Cost Embedding::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  return {.bytes = static_cast<double>(inputs[1].bytes() + 2 * outputs[0].bytes())};
}

std::string EmbeddingGrad::attributes() const {
  return padding < 0 ? std::to_string(rows) : concat(rows, " ", padding);
}

std::vector<Type> EmbeddingGrad::infer(std::span<const Type> inputs) const {
  return {Type{DType::f32, {rows, inputs[0].shape.last()}}};
}

Cost EmbeddingGrad::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = static_cast<double>(inputs[0].shape.elements());
  return cost;
}

Problem no_such_row(int32_t index, int64_t rows) {
  return {.what = concat("index ", index, " is outside an embedding of ", rows, " rows"),
          .help = "set num_embeddings to one more than the largest index of the data",
          .exit = Exit::data};
}

Value embedding(Value table, Value indices, int64_t padding) {
  return table.graph->add_one(std::make_shared<Embedding>(padding), {table, indices});
}

}  // namespace dl
