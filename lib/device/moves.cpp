// Dimensions of transposes and broadcasts, rows of concatenations and slices.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/moves.h"

#include <algorithm>

namespace dl {
namespace {

std::vector<StridedDimension> row_major(const Shape& shape) {
  std::vector<StridedDimension> dimensions(static_cast<size_t>(shape.rank()));
  int64_t step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; step *= shape[axis--])
    dimensions[static_cast<size_t>(axis)] = {shape[axis], step};
  return dimensions;
}

int64_t rows_before(const Type& type, int axis) {
  int64_t rows = 1;
  for (int i = 0; i < axis; ++i) rows *= type.shape[i];
  return rows;
}

}  // namespace

std::vector<StridedDimension> transposed_dimensions(const Transpose& op, const Shape& operand) {
  const std::vector<StridedDimension> own = row_major(operand);
  std::vector<StridedDimension> dimensions;
  for (int axis : op.order) dimensions.push_back(own[static_cast<size_t>(axis)]);
  return dimensions;
}

std::vector<StridedDimension> broadcast_dimensions(const Shape& operand, const Shape& result) {
  const std::vector<StridedDimension> own = row_major(operand);
  std::vector<StridedDimension> dimensions;
  const int lead = result.rank() - operand.rank();
  for (int axis = 0; axis < result.rank(); ++axis) {
    const bool there = axis >= lead && operand[axis - lead] != 1;
    dimensions.push_back({result[axis], there ? own[static_cast<size_t>(axis - lead)].step : 0});
  }
  return dimensions;
}

std::vector<StridedDimension> joined_dimensions(const std::vector<StridedDimension>& dimensions) {
  std::vector<StridedDimension> out;
  for (const StridedDimension& d : dimensions) {
    if (d.size == 1) continue;
    if (!out.empty() && out.back().step == d.step * d.size)
      out.back() = {out.back().size * d.size, d.step};
    else
      out.push_back(d);
  }
  return out;
}

RowParts rows_of_concat(const Concat& op, std::span<const Type> operands, const Type& result) {
  const int64_t rows = rows_before(result, op.axis), at_least_one = std::max<int64_t>(rows, 1);
  const int64_t whole = result.bytes() / at_least_one;
  RowParts all{.rows = rows};
  int64_t to = 0;
  for (const Type& part : operands) {
    const int64_t bytes = part.bytes() / at_least_one;
    all.parts.push_back({.bytes = bytes, .from_step = bytes, .to_step = whole, .to = to});
    to += bytes;
  }
  return all;
}

RowParts rows_of_slice(const Slice& op, const Type& operand, const Type& result) {
  const int64_t rows = rows_before(result, op.axis), at_least_one = std::max<int64_t>(rows, 1);
  const int64_t whole = operand.bytes() / at_least_one, bytes = result.bytes() / at_least_one;
  const int64_t of_one = whole / std::max<int64_t>(operand.shape[op.axis], 1);
  return {.rows = rows, .parts = {{.bytes = bytes, .from_step = whole, .to_step = bytes, .from = of_one * op.begin}}};
}

}  // namespace dl
