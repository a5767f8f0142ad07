// dice
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_gradient.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("dice is 1 - (2 sum p y + 1) / (sum p + sum y + 1), the mean over classes and samples") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 1, 2, 2}}), y = input(g, "y", {DType::i32, {1, 1, 2}});
  // Both places are of class 0, every probability is a half: (2 + 1) / (1 + 2 + 1) and 1 / (1 + 0 + 1)
  check_value(mean_loss(*read_registered_as<Loss>("dice"), x, y), {{"x", {0, 0, 0, 0}}, {"y", {0, 0}}},
              {1 - 0.5f * (0.75f + 0.5f)});
  check_value(mean_loss(*read_registered_as<Loss>("dice"), x, y), {{"x", {50, -50, 50, -50}}, {"y", {0, 0}}}, {0});
}

TEST_CASE("places that losses of masks ignore count for nothing, whatever is there") {
  for (const std::string name : {"dice", "jaccard", "tversky", "lovasz"})
    for (const std::string keys : {"ignore_index: 255", "ignore_index: 255, activation: sigmoid"}) {
      CAPTURE(name);
      CAPTURE(keys);
      const bool sigmoid = keys.ends_with("sigmoid");
      const auto loss = read_registered_as<Loss>(concat(name, ": {", keys, "}"));
      CHECK(loss->ignored() == 255);
      const auto of = [&](int64_t places, const Numbers& x, const Numbers& y) {
        Graph g;
        const Value prediction = input(g, "x", {DType::f32, {1, 1, places, sigmoid ? 1 : 2}});
        Evaluation evaluation(g, {mean_loss(*loss, prediction, input(g, "y", {DType::i32, {1, 1, places}}))});
        return evaluation({{"x", x}, {"y", y}})[0][0];
      };
      const Numbers two = sigmoid ? Numbers{0.5, -0.25} : Numbers{0.5, -0.25, 1, 2};
      Numbers three = two;
      three.insert(three.end(), sigmoid ? 1 : 2, 3);
      CHECK(of(3, three, {0, 1, 255}) == doctest::Approx(of(2, two, {0, 1})));
    }
}

TEST_CASE("the gradient of dice") {
  check_gradient({.build =
                      [](const std::vector<Value>& x) {
                        const Value y = input(*x[0].graph, "y", {DType::i32, {2, 2, 2}});
                        return mean_loss(*read_registered_as<Loss>("dice: {smooth: 0.5}"), x[0], y);
                      },
                  .arguments = {{{2, 2, 2, 3}, random_numbers(24, 3, -2, 2)}},
                  .fixed = {{"y", {0, 1, 2, 0, 1, 1, 1, 2}}}});
}
