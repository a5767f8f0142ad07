// How operations that only move elements find them in their operands, on any device but the oracle's: dimensions with
// steps between them, and rows of bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "lib/graph/ops/concat.h"
#include "lib/graph/ops/shape_ops.h"

namespace dl {

// A dimension of the result: how many, and how far apart in the operand, in elements (0: the same again).
struct StridedDimension {
  int64_t size, step;
};

// Of the result, outermost first.
std::vector<StridedDimension> transposed_dimensions(const Transpose& op, const Shape& operand);
std::vector<StridedDimension> broadcast_dimensions(const Shape& operand, const Shape& result);
// Without those of size 1; neighbours that go on where the other ends are one.
std::vector<StridedDimension> joined_dimensions(const std::vector<StridedDimension>& dimensions);

// Rows of bytes from one tensor into another, of which one or both may have longer rows.
struct RowPart {
  int64_t bytes = 0;  // of a row
  int64_t from_step = 0, to_step = 0;
  int64_t from = 0, to = 0;  // where the first row begins
};

struct RowParts {
  int64_t rows = 0;
  std::vector<RowPart> parts;  // of each operand one
};

RowParts rows_of_concat(const Concat& op, std::span<const Type> operands, const Type& result);
RowParts rows_of_slice(const Slice& op, const Type& operand, const Type& result);

}  // namespace dl
