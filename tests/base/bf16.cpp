// Conversions to bf16.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/bf16.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace dl;

TEST_CASE("dithered to bf16 a number becomes one of its neighbours, and itself on the average") {
  for (const float x : {1.0f, 1.001f, -0.3337f, 1e-20f, -7.77e30f, 0.0f, 1e-41f}) {
    const float below = float_of_bf16(static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16));  // towards 0
    const float above = float_of_bf16(static_cast<uint16_t>((std::bit_cast<uint32_t>(x) >> 16) + 1));
    const int draws = 1 << 16;
    double sum = 0;
    for (int i = 0; i < draws; ++i) {
      const float y = dithered_bf16(x, static_cast<float>(i) / draws);
      CHECK_MESSAGE((y == below || y == above), x);
      sum += double{y};
    }
    CHECK(sum / draws == doctest::Approx(double{x}).epsilon(1e-6));
  }
}

TEST_CASE("dithering leaves bf16, infinities and NaN as they are") {
  const float inf = std::numeric_limits<float>::infinity(), last = 0x1.fffffep-1f;  // below 1
  for (const float x : {1.5f, -2.0f, 0.0f, -inf, inf, 0x1.fep127f}) CHECK(dithered_bf16(x, last) == x);
  CHECK(std::isnan(dithered_bf16(std::bit_cast<float>(0x7fffffffu), last)));
  CHECK(std::isnan(dithered_bf16(std::bit_cast<float>(0xffff8001u), last)));
}
