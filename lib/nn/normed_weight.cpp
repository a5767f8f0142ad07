// Weight normalization (arXiv:1602.07868) and spectral normalization (arXiv:1802.05957).
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/normed_weight.h"

#include <algorithm>
#include <cmath>

namespace dl {

namespace {

// The norm that a slice of axis 0 has on the average, so that the weight begins as wide as without weight_norm.
double usual_norm(const Initializer& init, const Shape& shape) {
  const int64_t each = shape.elements() / shape[0];
  constexpr int64_t most = 1 << 16;
  std::vector<float> values(static_cast<size_t>(std::min(shape.elements(), most)));
  init.fill(values, shape, 1);
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares / static_cast<double>(values.size()) * static_cast<double>(each));
}

Value weight_normed(Builder& b, const Shape& shape, const std::shared_ptr<const Initializer>& init) {
  Shape norms(std::vector<int64_t>(static_cast<size_t>(shape.rank()), 1));
  norms[0] = shape[0];
  const Value g = b.parameter("weight_g", norms, constant_initializer(usual_norm(*init, shape)));
  const Value v = b.parameter("weight_v", shape, init);
  std::vector<int> axes;
  for (int axis = 1; axis < shape.rank(); ++axis) axes.push_back(axis);
  return v * (g * rsqrt(sum(v * v, axes)));
}

Value normalized(Value x) { return x / maximum(sqrt(sum(x * x, {-1})), 1e-12); }

Value spectrally_normed(Builder& b, const Shape& shape, std::shared_ptr<const Initializer> init, int units) {
  const Value weight = b.parameter("weight_orig", shape, std::move(init));
  Value matrix = weight;  // [units, the rest]
  if (units > 0) {
    std::vector<int> order{units};
    for (int axis = 0; axis < shape.rank(); ++axis)
      if (axis != units) order.push_back(axis);
    matrix = transpose(weight, order);
  }
  const int64_t rows = shape[units];
  matrix = reshape(matrix, {rows, -1});
  const int64_t columns = matrix.shape()[1];
  Value u =
      reshape(b.buffer("weight_u", {rows}, normal_initializer(1 / std::sqrt(static_cast<double>(rows)))), {1, rows});
  Value v = reshape(b.buffer("weight_v", {columns}, normal_initializer(1 / std::sqrt(static_cast<double>(columns)))),
                    {1, columns});
  if (b.training()) {
    const Value fixed = stop_gradient(matrix);
    v = normalized(matmul(u, fixed));
    u = normalized(matmul(v, fixed, false, true));
    b.assign("weight_u", reshape(u, {rows}));
    b.assign("weight_v", reshape(v, {columns}));
  }
  return weight / reshape(sum(u * matmul(v, matrix, false, true), {-1}), {});
}

}  // namespace

void NormedWeight::describe(Schema& s) {
  s.optional(
      "weight_norm", weight_norm,
      "whether the norm of each unit's weights is a parameter of its own: weight = weight_g weight_v / |weight_v|");
  s.optional(
      "spectral_norm", spectral_norm,
      "whether the weight is divided by its largest singular value: weight_orig, with buffers weight_u and weight_v");
  s.check([this](const Report& report) {
    if (weight_norm && spectral_norm) report.at("spectral_norm", "expected weight_norm or spectral_norm, got both");
  });
}

Value NormedWeight::make(Builder& b, const Shape& shape, std::shared_ptr<const Initializer> init, int units) const {
  if (weight_norm) return weight_normed(b, shape, init);
  if (spectral_norm) return spectrally_normed(b, shape, std::move(init), units);
  return b.parameter("weight", shape, std::move(init));
}

}  // namespace dl
