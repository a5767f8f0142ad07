// Tests of whole numbers divided.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/division.h"

#include <doctest/doctest.h>

namespace dl {
namespace {

TEST_CASE("quotients are rounded to the side that is asked for, below 0 too") {
  struct Case {
    int64_t a, b, down, up;
  };
  for (const auto& [a, b, down, up] :
       {Case{0, 3, 0, 0}, Case{1, 3, 0, 1}, Case{3, 3, 1, 1}, Case{7, 3, 2, 3}, Case{-1, 3, -1, 0}, Case{-3, 3, -1, -1},
        Case{-7, 3, -3, -2}, Case{5, 1, 5, 5}}) {
    CAPTURE(a);
    CHECK(floor_div(a, b) == down);
    CHECK(ceil_div(a, b) == up);
    CHECK(round_up(a, b) == up * b);
  }
}

}  // namespace
}  // namespace dl
