// What a loss of each place of a sequence makes of places behind its end.
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_gradient.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Sequences {
  Graph g;
  Value x, y, lengths;
  Sequences(const Type& prediction, const Type& target)
      : x(input(g, "x", prediction)),
        y(input(g, "y", target)),
        lengths(input(g, "lengths", {DType::i32, {target.shape[0]}})) {}
  Loss::Mean over(const std::string& yaml, Value weight = {}) const {
    return read_registered_as<Loss>(yaml)->over({.prediction = x, .target = y, .lengths = lengths}, weight);
  }
};

}  // namespace

TEST_CASE("places behind the end of a sequence count for nothing, of classes and of numbers") {
  const Sequences classes({DType::f32, {2, 3, 2}}, {DType::i32, {2, 3}});
  // Right everywhere but at the second place of the second sequence; the third places are wrong, and no places.
  const Feed feed{{"x", {50, 0, 0, 50, 50, 0, 50, 0, 0, 0, 0, 50}}, {"y", {0, 1, 1, 0, 0, 0}}, {"lengths", {2, 2}}};
  const auto [mean, count] = classes.over("cross_entropy");
  check_value(mean, feed, {std::log(2.0f) / 4});
  check_value(count, feed, {4});

  const Sequences numbers({DType::f32, {2, 2, 3}}, {DType::f32, {2, 2, 3}});
  const Feed given{{"x", {1, 2, 3, 9, 9, 9, 0, 0, 0, 0, 0, 6}}, {"y", Numbers(12, 0)}, {"lengths", {1, 5}}};
  check_value(numbers.over("mse").mean, given, {(1 + 4 + 9 + 36) / 9.0f});
  check_value(numbers.over("mse").count, given, {9});
}

TEST_CASE("lengths come on top of ignored targets, of weights of classes and of those of samples") {
  Sequences s({DType::f32, {2, 3, 2}}, {DType::i32, {2, 3}});
  const Value w = input(s.g, "w", {DType::f32, {2}});
  const auto loss = read_registered_as<Loss>("cross_entropy: {ignore_index: -1, weight: [1, 4]}");
  loss->learn({.classes = {}, .values = 2, .count = {}});
  const auto [mean, count] = loss->over({.prediction = s.x, .target = s.y, .lengths = s.lengths}, w);
  const Feed feed{{"x", Numbers(12, 0)}, {"y", {0, -1, 1, 1, 1, 0}}, {"lengths", {2, 1}}, {"w", {3, 0.5}}};
  check_value(count, feed, {3 * 1 + 0.5f * 4});
  check_value(mean, feed, {std::log(2.0f)});
}

TEST_CASE("no gradient comes from places behind the end") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 3, 2}}), y = input(g, "y", {DType::i32, {1, 3}});
  const Value lengths = input(g, "lengths", {DType::i32, {1}});
  const Value mean =
      read_registered_as<Loss>("cross_entropy")->over({.prediction = x, .target = y, .lengths = lengths}).mean;
  const std::vector<Value> wrt{x};
  const Feed feed{{"x", Numbers(6, 0)}, {"y", {0, 1, 1}}, {"lengths", {2}}};
  check_value(gradients(mean, wrt)[0], feed, {-0.25, 0.25, 0.25, -0.25, 0, 0});
}

TEST_CASE("sequences of length 0 alone make a loss of 0, not one that is no number") {
  const Sequences s({DType::f32, {1, 2, 2}}, {DType::i32, {1, 2}});
  check_value(s.over("cross_entropy").mean, {{"x", {1, 2, 3, 4}}, {"y", {0, 1}}, {"lengths", {0}}}, {0});
}

TEST_CASE("lengths of a loss that has one value a sample, and lengths that are none, are told") {
  const auto refused = [](const std::string& yaml, const Type& prediction, const Type& target, const Type& lengths) {
    Graph g;
    try {
      read_registered_as<Loss>(yaml)->over({.prediction = input(g, "x", prediction),
                                            .target = input(g, "y", target),
                                            .lengths = input(g, "lengths", lengths)});
    } catch (const ShapeError& error) {
      return std::string(error.what()) + "; " + error.help;
    }
    return std::string();
  };
  const std::string alone =
      "expected a value for each place of a sequence, of which 'lengths' says how many count; there is one a sample; "
      "remove 'lengths'";
  const Type one{DType::i32, {2}};
  CHECK(refused("mse", {DType::f32, {2, 1}}, {DType::f32, {2}}, one) == alone);
  CHECK(refused("dice", {DType::f32, {2, 4, 3}}, {DType::i32, {2, 4}}, one) == alone);
  CHECK(
      refused("cross_entropy", {DType::f32, {2, 4, 3}}, {DType::i32, {2, 4}}, {DType::f32, {2}}) ==
      "expected one length a sample, whole numbers, got f32 []; name the data's field of lengths: 'lengths: lengths'");
}
