// Replacing rows.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/write_rows.h"

#include "lib/base/error.h"

namespace dl {

std::vector<Type> WriteRows::infer(std::span<const Type> inputs) const {
  const Shape &into = inputs[0].shape, &rows = inputs[1].shape;
  DL_CHECK((into.rank() == 3 && rows == Shape{into[0], 1, into[2]}), rows.text(), " into ", into.text());
  DL_CHECK((inputs[2] == Type{DType::i32, {into[0]}}), "position ", inputs[2].shape.text());
  return {inputs[0]};
}

Cost WriteRows::cost(std::span<const Type> inputs, std::span<const Type>) const {
  return {.bytes = static_cast<double>(2 * inputs[1].bytes())};
}

Value write_rows(Value into, Value rows, Value position) {
  return into.graph->add_one(std::make_shared<WriteRows>(), {into, rows, position});
}

}  // namespace dl
