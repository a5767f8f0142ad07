// OpenBLAS as it is loaded here.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/blas.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

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
}

}  // namespace dl
