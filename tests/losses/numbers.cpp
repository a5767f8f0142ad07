// Losses of numbers: what they take, and what they say of other targets. Their values are PyTorch's in golden.cpp.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "tests/error_text.h"
#include "tests/evaluate.h"
#include "tests/measured.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string refusal(const std::string& yaml, Type prediction, Type target) {
  Graph g;
  return error_text<ShapeError>([&] {
    mean_loss(*read_registered_as<Loss>(yaml), input(g, "x", std::move(prediction)), input(g, "y", std::move(target)));
  });
}

}  // namespace

TEST_CASE("a column of predictions fits single targets") {
  for (const std::string yaml : {"mse", "l1", "smooth_l1", "huber", "bce_with_logits"}) {
    CAPTURE(yaml);
    Graph g;
    const Value x = input(g, "x", {DType::f32, {2, 1}}), y = input(g, "y", {DType::f32, {2}});
    const auto loss = read_registered_as<Loss>(yaml);
    const Value flat = mean_loss(*loss, reshape(x, {2}), y);
    const Feed feed{{"x", {1, -2}}, {"y", {0.5, 1}}};
    check_value(mean_loss(*loss, x, y), feed, evaluate(g, {flat}, feed)[0]);
  }
}

TEST_CASE("losses of numbers refuse classes and other shapes") {
  const Type classes{DType::i32, {2}}, one{DType::f32, {2}}, three{DType::f32, {2, 3}};
  for (const std::string yaml : {"mse", "l1", "smooth_l1", "huber"}) {
    CAPTURE(yaml);
    CHECK(refusal(yaml, one, classes) ==
          "expected numbers as targets, the data's are classes: i32 []; take a loss or metric of classes: "
          "'cross_entropy'; or write 'target: x' in it where the model is to give back its input");
    CHECK(refusal(yaml, three, one) ==
          "expected one value for each of the targets [], got [3]; end the model with 'linear: 1'");
  }
  CHECK(refusal("bce_with_logits", three, classes) ==
        "expected one value for each of the targets [], got [3]; end the model with 'linear: 1'");
}

TEST_CASE("bce_with_logits takes classes 0 and 1, bears large values, and has its slope at 0") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {4}}), y = input(g, "y", {DType::i32, {4}});
  const auto loss = read_registered_as<Loss>("bce_with_logits");
  const Value value = mean_loss(*loss, x, y);
  const Feed feed{{"x", {-1000, 1000, 1000, 0}}, {"y", {1, 1, 0, 1}}};
  check_value(value, feed, {(1000 + 0 + 1000 + 0.693147181f) / 4});
  check_value(gradients(value, {x})[0], feed, {-0.25f, 0, 0.25f, -0.125f});
  check_value(loss->predicted(x), {{"x", {0, 0, 2, -2}}}, {0.5f, 0.5f, 0.880797078f, 0.119202922f});
}
