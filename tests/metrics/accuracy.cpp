// accuracy
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"
#include "tests/evaluate.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

namespace {

void check_hits(const std::string& yaml, const Numbers& prediction, const Numbers& target, float hits) {
  const int64_t batch = static_cast<int64_t>(target.size());
  const int64_t classes = static_cast<int64_t>(prediction.size()) / batch;
  Graph g;
  const Value x = input(g, "x", {DType::f32, {batch, classes}}), y = input(g, "y", {DType::i32, {batch}});
  const Metric::Sums sums = read_registered_as<Metric>(yaml)->build(x, y);
  const Feed feed{{"x", prediction}, {"y", target}};
  check_value(sums.sum, feed, {hits});
  check_value(sums.count, feed, {static_cast<float>(batch)});
}

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("accuracy counts the samples whose class has the largest value") {
  check_hits("accuracy", {1, 3, 2, 0, -1, 5, 9, 8, 7}, {1, 2, 2}, 2);
}

TEST_CASE("among the top_k largest values counts as a hit") {
  check_hits("accuracy: {top_k: 2}", {1, 3, 2, 0, -1, 5, 9, 8, 7}, {2, 1, 1}, 2);
}

TEST_CASE("among equal values the first class wins, so that a model that says nothing is not right") {
  check_hits("accuracy", {0, 0, 0, 0, 0, 0}, {0, 1}, 1);
}

TEST_CASE("a prediction that is not a number is a miss") {
  check_hits("accuracy", {not_a_number, not_a_number, 1, not_a_number}, {0, 0}, 0);
}

TEST_CASE("accuracy is hits over samples, and better where higher") {
  const auto accuracy = read_registered_as<Metric>("accuracy");
  CHECK(accuracy->value(3, 4) == 0.75);
  CHECK(accuracy->higher_is_better());
}

TEST_CASE("accuracy asks for one value a class and a class as target") {
  Graph g;
  const Value image = input(g, "x", {DType::f32, {2, 4, 4, 3}}), y = input(g, "y", {DType::i32, {2}});
  try {
    read_registered_as<Metric>("accuracy")->build(image, y);
    FAIL("an image was taken");
  } catch (const ShapeError& error) {
    CHECK(std::string(error.what()) == "expected one value a class and a class as target, got [4, 4, 3] and []");
  }
}
