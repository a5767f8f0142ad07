// random_normal
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

namespace {

// The share of the normal distribution below x.
double below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

}  // namespace

TEST_CASE("random_normal's numbers are distributed normally") {
  BuiltLayer built(*read_registered_as<Layer>("random_normal: [200, 100]"), LayerCase{.input = {3}}, 5, true);
  CHECK(built.y.shape() == Shape{5, 200, 100});
  Numbers y = evaluate(built.graph(), {built.y}, built.feed)[0];
  REQUIRE(y.size() == 100'000);
  std::ranges::sort(y);
  CHECK(std::ranges::adjacent_find(y, [](float a, float b) { return !(a <= b); }) == y.end());  // nothing is NaN
  double farthest = 0;  // Kolmogorov and Smirnov
  for (size_t i = 0; i < y.size(); ++i)
    farthest = std::max(farthest, std::abs(below(double(y[i])) - (double(i) + 0.5) / double(y.size())));
  CHECK(farthest < 1.95 / std::sqrt(double(y.size())));  // one run in a thousand is farther
  CHECK(y.front() < -3.5f);
  CHECK(y.back() > 3.5f);
}
