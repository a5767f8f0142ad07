// adaptive_avg_pool2d
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("adaptive_avg_pool2d gives the size that is asked for") {
  check_layer({.yaml = "adaptive_avg_pool2d: [2, 3]", .input = {5, 7, 3}});
  check_layer({.yaml = "adaptive_avg_pool2d: 4", .input = {3, 2, 2}});
  check_close(layer_output("adaptive_avg_pool2d: [1, 2]", {1, 3, 1}, {1, 3, 8}), {2, 5.5f});
}

TEST_CASE("means of windows that are all of one size need no matrix of the axis's length") {
  const auto multiplies = [](int64_t n) {
    Graph g;
    adaptive_mean(input(g, "x", {DType::f32, {2, 12, 3}}), 1, n);
    return g.text().find("matmul") != std::string::npos;
  };
  CHECK(!multiplies(4));
  CHECK(multiplies(5));
  check_layer({.yaml = "adaptive_avg_pool2d: [2, 3]", .input = {6, 9, 2}});
  check_close(layer_output("adaptive_avg_pool2d: [1, 2]", {2, 4, 1}, {1, 3, 8, 0, 1, 5, 2, 4}), {2.5f, 3.5f});
}

TEST_CASE("adaptive windows begin and end at whole places, for every size") {
  for (int64_t size = 1; size <= 40; ++size) {
    for (int64_t n = 1; n <= 40; ++n) {
      Numbers x(static_cast<size_t>(size));
      for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * i);
      Numbers expected;
      for (int64_t i = 0; i < n; ++i) {
        const int64_t begin = i * size / n, end = ((i + 1) * size + n - 1) / n;
        double sum = 0;
        for (int64_t k = begin; k < end; ++k) sum += static_cast<double>(k * k);
        expected.push_back(static_cast<float>(sum / static_cast<double>(end - begin)));
      }
      CAPTURE(size);
      CAPTURE(n);
      check_close(layer_output(concat("adaptive_avg_pool2d: [1, ", n, "]"), {1, size, 1}, x), expected, 1e-5);
    }
  }
}

TEST_CASE("adaptive windows of a long axis begin and end at whole places") {
  constexpr int64_t size = 4275, n = 1268;
  Numbers x, expected;
  for (int64_t k = 0; k < size; ++k) x.push_back(static_cast<float>(k));
  for (int64_t i = 0; i < n; ++i) {
    const int64_t begin = i * size / n, end = ((i + 1) * size + n - 1) / n;
    expected.push_back(static_cast<float>(begin + end - 1) / 2);
  }
  check_close(layer_output("adaptive_avg_pool1d: 1268", {size, 1}, x), expected, 1e-5);
}
