// Sparse weights (Martens 2010, "Deep learning via Hessian-free optimization"): normal, but for a share of each column
// that is 0
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "lib/base/random.h"
#include "lib/nn/initializer.h"

namespace dl {
namespace {

struct Sparse final : Initializer {
  double sparsity = 0.9, std = 0.01;
  void describe(Schema& s) override {
    s.summary("normal, but for a share of each column of the matrix that is 0");
    s.also_known_as({"sparse_"});
    s.required("sparsity", sparsity, "the share, rounded up to whole numbers").at_least(0).at_most(1).positional();
    s.optional("std", std, "standard deviation of the others").at_least(0);
    s.example("sparse: 0.9");
  }

  bool whole() const override { return true; }
  void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t) const override {
    fill_normal(values, std, key, 0);
    if (values.empty()) return;
    const int64_t rows = shape[0], columns = shape.elements() / rows;
    const auto zeros = static_cast<size_t>(std::ceil(sparsity * static_cast<double>(rows)));
    std::vector<int64_t> order(static_cast<size_t>(rows));
    for (int64_t column = 0; column < columns; ++column) {
      std::iota(order.begin(), order.end(), int64_t{0});
      for (size_t i = 0; i < zeros; ++i) {  // the first of a random order
        const uint64_t draw = random_bits(key, 2, static_cast<uint64_t>(column) * order.size() + i);
        std::swap(order[i], order[i + draw % (order.size() - i)]);
        values[static_cast<size_t>(order[i] * columns + column)] = 0;
      }
    }
  }
};
DL_INITIALIZER(Sparse, "sparse");

}  // namespace
}  // namespace dl
