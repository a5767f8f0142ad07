// Slopes of the Jaccard index: literal results, and rows of any length as the reference device has them.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/base/random.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/jaccard_slopes.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("slopes are what the loss grows by, in the order of falling errors, of equal ones the first before") {
  Graph g;
  const Type rows{DType::f32, {2, 4}};
  const Value y = jaccard_slopes(input(g, "errors", rows), input(g, "hits", rows));
  // Of two hits, in the order 1, 0, 2, 3: 1 - 2/3, 1 - 1/3, 1 - 0/3, 1 - 0/4; then of no hits at all.
  check_value(y, {{"errors", {0.5, 2, 0.5, -1, 1, 1, 1, 1}}, {"hits", {1, 0, 1, 0, 0, 0, 0, 0}}},
              {1.0f / 3, 1.0f / 3, 1.0f / 3, 0, 1, 0, 0, 0});
}

TEST_CASE("long rows have the reference device's slopes on each device, errors that are no numbers too") {
  for (const auto& [rows, places] : {std::pair<int64_t, int64_t>{1, 1}, {3, 255}, {2, 256}, {5, 700}, {1, 4099}}) {
    CAPTURE(places);
    Graph g;
    const Type type{DType::f32, {rows, places}};
    g.output("y", jaccard_slopes(input(g, "errors", type), input(g, "hits", type)));
    Numbers errors, hits;
    for (int64_t i = 0; i < rows * places; ++i) {
      errors.push_back(float(random_bits(1, 0, uint64_t(i)) % 64) / 16 - 1);
      hits.push_back(float(random_bits(1, 1, uint64_t(i)) % 3 == 0));
    }
    if (places > 300) errors[7] = NAN, errors[8] = -NAN, errors[9] = INFINITY, errors[10] = -0.0f;
    const auto expected = outputs_of(g, {{"errors", errors}, {"hits", hits}}, "reference").at("y");
    for (const std::string& device : devices()) {
      CAPTURE(device);
      const auto found = outputs_of(g, {{"errors", errors}, {"hits", hits}}, device).at("y");
      double largest = 0;
      for (size_t i = 0; i < found.size(); ++i)
        largest = std::max(largest, std::abs(double{found[i]} - double{expected[i]}));
      CHECK(largest < 1e-6);
    }
  }
}

TEST_CASE("of many places each has its slope to all figures, though the loss hardly grows") {
  constexpr int64_t places = 70000;
  Graph g;
  const Type type{DType::f32, {1, places}};
  g.output("y", jaccard_slopes(input(g, "errors", type), input(g, "hits", type)));
  Numbers errors, hits;
  for (int64_t i = 0; i < places; ++i) {
    errors.push_back(float(random_bits(1, 0, uint64_t(i)) % 65536) / 65536);
    hits.push_back(float(random_bits(1, 1, uint64_t(i)) % 3 == 0));
  }
  const auto expected = outputs_of(g, {{"errors", errors}, {"hits", hits}}, "reference").at("y");
  for (const std::string& device : devices()) {
    CAPTURE(device);
    const auto found = outputs_of(g, {{"errors", errors}, {"hits", hits}}, device).at("y");
    double largest = 0;
    for (size_t i = 0; i < found.size(); ++i)
      largest = std::max(largest, std::abs(double{found[i]} / double{expected[i]} - 1));
    CHECK(largest < 1e-5);
  }
}
