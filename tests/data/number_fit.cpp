// Sums over columns of numbers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/number_fit.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

using namespace dl;

TEST_CASE("what columns that are summed together come to is, to the last bit, what each comes to alone") {
  std::mt19937 random(5);
  for (const size_t size : {size_t{1}, size_t{511}, size_t{512}, size_t{513}, size_t{5000}}) {
    std::vector<std::vector<double>> numbers(most_together);
    std::vector<NumberSpread> alone;
    for (std::vector<double>& column : numbers) {
      for (size_t i = 0; i < size; ++i)
        column.push_back(std::ldexp(static_cast<double>(random()) - 2e9, -(random() % 40)));
      double sum = 0, squares = 0;
      for (const double number : column) sum += number;
      const double mean = sum / static_cast<double>(size);
      for (const double number : column) squares += (number - mean) * (number - mean);
      const auto [least, most] = std::ranges::minmax(column);
      alone.push_back({least, most, mean, std::sqrt(squares / static_cast<double>(size))});
    }
    for (size_t count = 1; count <= most_together; ++count) {
      const std::vector<NumberSequence> columns(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(count));
      const std::vector<NumberSpread> together = spreads_of(columns, true);
      REQUIRE(together.size() == count);
      for (size_t c = 0; c < count; ++c) {
        CHECK(together[c].least == alone[c].least);
        CHECK(together[c].most == alone[c].most);
        CHECK(together[c].mean == alone[c].mean);
        CHECK(together[c].deviation == alone[c].deviation);
      }
      CHECK(!spreads_of(columns, false)[0].deviation);
    }
  }
  CHECK(spreads_of(std::vector<NumberSequence>(2), true)[1].mean == 0);
}
