// OpenBLAS as it is loaded here, and the products that it makes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/blas.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "lib/graph/ops/matmul.h"
#include "tests/device/cpu_kernel.h"
#include "tests/error_text.h"

namespace dl {

TEST_CASE("where OpenBLAS is installed its product is a product, and its kernels are known by name") {
  const Blas* blas = Blas::find();
  if (blas == nullptr) {
    CHECK(Blas::description().starts_with("BLAS does not load: "));
    return;
  }
  CHECK(Blas::description() == "OpenBLAS with " + blas->core() + " kernels");
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};  // 2 x 3
  const std::vector<float> b = {1, 0, 2, 0, 1, 3};  // 2 x 3, to be transposed
  std::vector<float> c(4, NAN);
  blas->sgemm(false, true, 2, 2, 3, a.data(), 3, b.data(), 3, c.data(), 2);
  CHECK(c == std::vector<float>{7, 11, 16, 23});
  blas->sgemm(false, true, 2, 2, 3, a.data(), 3, b.data(), 3, c.data(), 2, true);
  CHECK(c == std::vector<float>{14, 22, 32, 46});
}

TEST_CASE("a library that is not there is refused by its name, with what to write") {
  const std::string text = testing::error_text<Error>([] { CpuDevice({.threads = 1, .blas = "./no-blas.so"}); });
  CHECK(text.starts_with("error: trainer.blas: ./no-blas.so does not load: "));
  CHECK(text.ends_with("help: install it, or write 'own', which needs no library"));
}

TEST_CASE("a library's products are ours to rounding, of all sizes and layouts, and small ones stay ours") {
  if (Blas::find() == nullptr) return;
  struct Size {
    int64_t rows, columns, depth;
  };
  const Size sizes[] = {{32, 32, 32}, {33, 70, 129}, {600, 48, 40}, {1500, 64, 96}, {64, 300, 1000}, {31, 64, 64}};
  for (const auto& [rows, columns, depth] : sizes)
    for (const bool transpose_a : {false, true})
      for (const bool transpose_b : {false, true}) {
        CAPTURE(rows);
        CAPTURE(transpose_a);
        CAPTURE(transpose_b);
        const Type a{DType::f32, transpose_a ? Shape{depth, rows} : Shape{rows, depth}};
        const Type b{DType::f32, transpose_b ? Shape{columns, depth} : Shape{depth, columns}};
        const std::vector<float> x = testing::random_numbers(rows * depth, 1, -1, 1);
        const std::vector<float> y = testing::random_numbers(depth * columns, 2, -1, 1);
        const MatMul op(transpose_a, transpose_b);
        const Type types[] = {a, b};
        const void* const inputs[] = {x.data(), y.data()};
        const auto product = [&](const std::string& blas, int threads) {
          CpuDevice device({.threads = threads, .blas = blas});
          return testing::run_kernel(op, types, inputs, device)[0].values<float>();
        };
        const std::vector<float> own = product("own", 1);
        for (int threads = 1; threads <= 3; ++threads) {
          const std::vector<float> theirs = product("openblas", threads);
          CHECK(testing::difference(theirs, own, 1) < 2e-6);
          CHECK(product("openblas", threads) == theirs);
        }
        CpuDevice device({.threads = 2, .blas = "openblas"});
        const bool large = std::min({rows, columns, depth}) >= 32;
        CHECK((device.compile(op, types, op.infer(types))->way() == Blas::find()->title()) == large);
      }
}

}  // namespace dl
