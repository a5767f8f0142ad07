// Orthogonal weights (Saxe et al. 2013, arXiv:1312.6120): the rows of a matrix [outputs, the rest], or its columns
// where these are fewer, are orthogonal and of length gain; from normal numbers by Gram's and Schmidt's way
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include "lib/nn/initializer.h"

namespace dl {
namespace {

// In an order that does not depend on the compiler, with several sums at once.
double dot(const double* a, const double* b, size_t n) {
  constexpr size_t lanes = 8;
  double sums[lanes] = {};
  size_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (size_t k = 0; k < lanes; ++k) sums[k] += a[i + k] * b[i + k];
  for (size_t k = 0; i + k < n; ++k) sums[k] += a[i + k] * b[i + k];
  double sum = 0;
  for (const double each : sums) sum += each;
  return sum;
}

struct Orthogonal final : Initializer {
  double gain = 1;
  void describe(Schema& s) override {
    s.summary("rows, or columns, that are orthogonal and of one length");
    s.also_known_as({"orthogonal_", "Orthogonal", "OrthogonalInitializer"});
    s.optional("gain", gain, "the length").above(0).positional();
    s.example("orthogonal");
    s.example("orthogonal: {gain: 1.4}");
  }

  bool whole() const override { return true; }
  void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t) const override {
    if (values.empty()) return;
    fill_normal(values, 1, key, 0);
    const auto rows = static_cast<size_t>(shape[0]), columns = values.size() / rows;
    const bool by_rows = rows <= columns;
    const size_t count = by_rows ? rows : columns, length = by_rows ? columns : rows;
    const auto place = [&](size_t vector, size_t i) { return by_rows ? vector * columns + i : i * columns + vector; };
    std::vector<double> vectors(count * length);
    for (size_t v = 0; v < count; ++v) {
      double* now = &vectors[v * length];
      for (size_t i = 0; i < length; ++i) now[i] = double{values[place(v, i)]};
      for (int pass = 0; pass < 2; ++pass) {  // a second one removes what rounding left
        for (size_t u = 0; u < v; ++u) {
          const double* before = &vectors[u * length];
          const double share = dot(now, before, length);
          for (size_t i = 0; i < length; ++i) now[i] -= share * before[i];
        }
        const double norm = std::sqrt(dot(now, now, length));
        for (size_t i = 0; i < length; ++i) now[i] /= norm;
      }
      for (size_t i = 0; i < length; ++i) values[place(v, i)] = static_cast<float>(gain * now[i]);
    }
  }
};
DL_INITIALIZER(Orthogonal, "orthogonal");

}  // namespace
}  // namespace dl
