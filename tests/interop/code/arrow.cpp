// Tensors that lie otherwise in another framework: axes, parts, blocks and rows, there and back.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "lib/interop/code/arrow.h"
#include "lib/interop/code/flax_module.h"
#include "tests/interop/small_network.h"

namespace dl::testing {

TEST_CASE("a part of a tensor is seen with other axes") {
  const Twin::Place place{.ours = "in_proj_weight",
                          .theirs = "key.kernel",
                          .arrow = "hdi -> ihd",
                          .part = 1,
                          .parts = 3,
                          .seen = {2, 1, 3}};
  std::vector<float> values(18);
  std::iota(values.begin(), values.end(), 0.0f);
  const code::Arranged made = code::placed(values, {6, 3}, place);
  CHECK(made.shape == Shape{3, 2, 1});
  CHECK(made.values == std::vector<float>{6, 9, 7, 10, 8, 11});
}

TEST_CASE("blocks stand elsewhere in another order and rows behind each other, and come back") {
  Twin::Place place;
  place.arrow = "oi -> io";
  place.blocks = {1, 0, 2};
  const std::vector<float> ours{0, 1, 2, 3, 4, 5};
  const code::Arranged made = code::placed(ours, {3, 2}, place);
  CHECK(made.shape == Shape{2, 3});
  CHECK(made.values == std::vector<float>{2, 0, 4, 3, 1, 5});
  std::vector<float> back(6, -1.0f);
  code::put_back(made.values, place, {3, 2}, back);
  CHECK(back == ours);

  Twin::Place second;
  second.row = 1;
  second.rows = 2;
  CHECK(code::placed_shape({3}, second) == Shape{2, 3});
  std::vector<float> row(3);
  code::put_back(ours, second, {3}, row);
  CHECK(row == std::vector<float>{3, 4, 5});
}

TEST_CASE(
    "where another framework has one bias for two of a recurrent layer it is their sum, and comes back as the first") {
  const SmallNetwork small("model: [{lstm: 3}]", {DType::f32, {5, 4}});
  const std::vector<code::NamedArray> arrays = code::flax_module(small.trained(), true).tensors.arrays();
  const auto bias = std::ranges::find(arrays, "params.0.cell.hf.bias", &code::NamedArray::name);
  REQUIRE(bias != arrays.end());
  CHECK(bias->values == std::vector<float>{2 * 3.0f / 8, 2 * 4.0f / 8, 2 * 5.0f / 8});
  Twin::Place place;
  place.added = true;
  std::vector<float> second{1, 2, 3};
  code::put_back(bias->values, place, {3}, second);
  CHECK(second == std::vector<float>{0, 0, 0});
}

}  // namespace dl::testing
