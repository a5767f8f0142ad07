// Products of this machine, timed.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/products.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "lib/base/clock.h"
#include "lib/device/cpu/blas.h"
#include "lib/device/program.h"
#include "lib/graph/ops.h"

namespace dl {
namespace {

// The best of some tries: whatever else the machine does only makes it slower.
template <class F>
double best_seconds(F&& f) {
  double best = 1e30;
  for (int i = 0; i < 4; ++i) {
    const double begin = steady_seconds();
    f();
    best = std::min(best, steady_seconds() - begin);
  }
  return best;
}

}  // namespace

double matmul_gflops(int64_t n, int threads) {
  const std::unique_ptr<Device> device = make_device("cpu", {.threads = threads});
  Store store(*device);
  Graph graph;
  const Type square{DType::f32, {n, n}};
  graph.assign("c", matmul(variable(graph, {"a", square}), variable(graph, {"b", square})));
  store.declare({"c", square});
  Program program(graph, store);
  const std::vector<float> ones(static_cast<size_t>(n * n), 1.0f);
  store.write("a", ones.data(), n * n);
  store.write("b", ones.data(), n * n);
  program.run();
  return 2e-9 * static_cast<double>(n * n * n) / best_seconds([&] { program.run(); });
}

double openblas_gflops(int64_t n) {
  const std::vector<float> a(static_cast<size_t>(n * n), 1.0f), b = a;
  std::vector<float> c = a;
  const auto product = [&] { Blas::find()->sgemm(false, false, n, n, n, a.data(), n, b.data(), n, c.data(), n); };
  product();
  return 2e-9 * static_cast<double>(n * n * n) / best_seconds(product);
}

}  // namespace dl
