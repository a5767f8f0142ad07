// Heads made wider and narrower, and ALiBi's slopes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/head_features.h"

#include <cmath>
#include <utility>
#include <vector>

#include "lib/graph/ops.h"
#include "lib/graph/ops/generate.h"

namespace dl {

Value widened_heads(Value x, int64_t heads, int64_t wide) {
  const Shape shape = x.shape();
  const int64_t dim = shape[2] / heads;
  if (dim == wide) return x;
  const Value each = as_f32(reshape(x, {shape[0], shape[1], heads, dim}));
  const Value zeros = broadcast_to(constant(*x.graph, 0), {shape[0], shape[1], heads, wide - dim});
  return reshape(concatenate({each, zeros}, 3), {shape[0], shape[1], -1});
}

Value narrowed_heads(Value x, int64_t heads, int64_t dim) {
  const Shape shape = x.shape();
  if (shape[2] == heads * dim) return x;
  return reshape(slice(reshape(x, {shape[0], shape[1], heads, shape[2] / heads}), 3, 0, dim), {shape[0], shape[1], -1});
}

namespace {

// The slopes of heads, 2^(-8 i / n) for a power of two of them; others take every other slope of twice as many.
std::vector<double> alibi_slopes(int64_t heads) {
  int64_t power = 1;
  while (2 * power <= heads) power *= 2;
  std::vector<double> slopes;
  for (int64_t i = 1; i <= power; ++i)
    slopes.push_back(std::exp2(-8.0 * static_cast<double>(i) / static_cast<double>(power)));
  for (int64_t i = 1; std::ssize(slopes) < heads; i += 2)
    slopes.push_back(std::exp2(-4.0 * static_cast<double>(i) / static_cast<double>(power)));
  return slopes;
}

// Two more features of each head, [… , n] beside those of x.
Value with_features(Value x, int64_t heads, Value two) {
  const Shape shape = x.shape();
  const int64_t dim = shape[2] / heads;
  const Value each = as_f32(reshape(x, {shape[0], shape[1], heads, dim}));
  return reshape(concatenate({each, broadcast_to(two, {shape[0], shape[1], heads, 2})}, 3), {shape[0], shape[1], -1});
}

}  // namespace

Value Alibi::query(Value q) const {
  const double scale = std::sqrt(static_cast<double>(dim + 2));
  std::vector<float> slopes;
  for (const double slope : alibi_slopes(heads)) {
    slopes.push_back(static_cast<float>(256 * slope * scale));
    slopes.push_back(static_cast<float>(slope * scale));
  }
  const double kept = std::sqrt(static_cast<double>(dim + 2) / static_cast<double>(dim));  // the scale is of dim + 2
  return with_features(q * kept, heads, reshape(numbers(*q.graph, std::move(slopes)), {1, 1, heads, 2}));
}

// Positions are split in two, so that they are exact in bf16.
Value Alibi::key(Value k, Value position) const {
  const Value high = map(Function::floor, position * (1.0 / 256));
  const Value two = concatenate({high, position - 256 * high}, -1);
  const int64_t batch = two.shape().rank() == 3 ? two.shape()[0] : 1;
  return with_features(k, kv_heads, reshape(two, {batch, k.shape()[1], 1, 2}));
}

Value Alibi::value(Value v) const { return with_features(v, kv_heads, constant(*v.graph, 0)); }

}  // namespace dl
