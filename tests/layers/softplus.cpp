// softplus, and what is made of it
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("softplus far below 0 is the exponential, not 0") {
  check_layer({.yaml = "softplus", .input = {7}});
  const Numbers x{-30, -17, -14, -10, -1, 0, 3, 15, 25};
  const auto count = static_cast<int64_t>(x.size());
  const Numbers y = layer_output("softplus", {count}, x), steep = layer_output("softplus: {beta: 2}", {count}, x),
                z = layer_output("mish", {count}, x);
  for (size_t i = 0; i < x.size(); ++i) {
    CAPTURE(x[i]);
    const double at = x[i], expected = std::log1p(std::exp(at));
    CHECK(y[i] / expected == doctest::Approx(1).epsilon(1e-5));
    CHECK(steep[i] / (std::log1p(std::exp(2 * at)) / 2) == doctest::Approx(1).epsilon(1e-5));
    CHECK(z[i] - at * std::tanh(expected) == doctest::Approx(0).epsilon(1e-5));
  }
  const Numbers opposite = layer_output("log_sigmoid", {2}, {30, 17});
  CHECK(opposite[0] / -std::log1p(std::exp(-30.0)) == doctest::Approx(1).epsilon(1e-5));
  CHECK(opposite[1] / -std::log1p(std::exp(-17.0)) == doctest::Approx(1).epsilon(1e-5));
}
