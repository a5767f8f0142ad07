// cross_entropy
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "tests/check_gradient.h"
#include "tests/error_text.h"
#include "tests/measured.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

namespace {

Value build(const std::string& yaml, Value prediction) {
  const Value target = input(*prediction.graph, "y", {DType::i32, {prediction.shape()[0]}});
  return mean_loss(*read_registered_as<Loss>(yaml), prediction, target);
}

}  // namespace

TEST_CASE("cross_entropy is the mean of -log of the softmax at the class") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3}});
  // -log(e^2 / (e^2 + e + 1)) and -log(e^0 / (e^1 + e^0 + e^-1))
  check_value(build("cross_entropy", x), {{"x", {2, 1, 0, 1, 0, -1}}, {"y", {0, 1}}},
              {0.5f * (0.407605964f + 1.40760596f)});
}

TEST_CASE("cross_entropy bears values that are far apart") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 2}});
  const Value loss = build("cross_entropy", x);
  const Feed feed{{"x", {-1000, 1000}}, {"y", {0}}};
  check_value(loss, feed, {2000});
  check_value(gradients(loss, {x})[0], feed, {-1, 1});
}

TEST_CASE("the gradient of cross_entropy, with and without label smoothing") {
  for (const std::string yaml : {"cross_entropy", "cross_entropy: {label_smoothing: 0.2}"}) {
    check_gradient({.build = [&](const std::vector<Value>& x) { return build(yaml, x[0]); },
                    .arguments = {{{4, 5}, random_numbers(20, 3, -2, 2)}},
                    .fixed = {{"y", {0, 4, 2, 2}}}});
  }
}

TEST_CASE("what is told of a prediction is its softmax") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 3}});
  check_value(read_registered_as<Loss>("cross_entropy")->predicted(x), {{"x", {1, 2, 3}}},
              {0.0900305732f, 0.244728471f, 0.665240956f});
}

TEST_CASE("cross_entropy asks for one value a class and a class as target") {
  Graph g;
  const Value image = input(g, "x", {DType::f32, {2, 4, 4, 3}}), y = input(g, "y", {DType::i32, {2}});
  CHECK(error_text<ShapeError>([&] { mean_loss(*read_registered_as<Loss>("cross_entropy"), image, y); }) ==
        "expected one value a class and a class as target, got [4, 4, 3] and []; end the model with "
        "'global_avg_pool2d' or 'flatten', and "
        "'linear: ${data.classes}'");
}

TEST_CASE("sequences need a prediction for each of their targets") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 6, 3}}), y = input(g, "y", {DType::i32, {2, 5}});
  CHECK(error_text<ShapeError>([&] { mean_loss(*read_registered_as<Loss>("cross_entropy"), x, y); }) ==
        "expected one value a class for each of the targets [5], got [6, 3]; keep the model's sequence as long as the "
        "targets, and end it with 'linear: ${data.classes}'");
}

TEST_CASE("images need a prediction for each of their pixels") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 4, 4, 3}}), y = input(g, "y", {DType::i32, {2, 6, 6}});
  CHECK(error_text<ShapeError>([&] { mean_loss(*read_registered_as<Loss>("cross_entropy"), x, y); }) ==
        "expected one value a class for each of the targets [6, 6], got [4, 4, 3]; keep the height and width of the "
        "targets, by 'padding: same' or 'upsample: 2', and end the model with 'conv2d: {out_channels: "
        "${data.classes}, kernel_size: 1}'");
}

TEST_CASE("numbers as targets are refused with what takes them") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3}}), y = input(g, "y", {DType::f32, {2}});
  CHECK(error_text<ShapeError>([&] { mean_loss(*read_registered_as<Loss>("cross_entropy"), x, y); }) ==
        "expected classes as targets, the data's are numbers: f32 []; take a loss or metric of numbers: 'mse'");
}

TEST_CASE("targets that are ignored count for nothing, and where all are the loss is 0") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 2, 2}}), y = input(g, "y", {DType::i32, {1, 2}});
  const auto loss = read_registered_as<Loss>("cross_entropy: {ignore_index: 7}");
  const auto [value, count] = loss->over({.prediction = x, .target = y});
  check_value(value, {{"x", {0, 0, 5, -5}}, {"y", {0, 7}}}, {0.693147181f});
  check_value(count, {{"x", {0, 0, 5, -5}}, {"y", {0, 7}}}, {1});
  check_value(value, {{"x", {0, 0, 5, -5}}, {"y", {7, 7}}}, {0});
  check_value(count, {{"x", {0, 0, 5, -5}}, {"y", {7, 7}}}, {0});
}
