// cross_entropy
#include "lib/nn/loss.h"
#include "tests/check_gradient.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

namespace {

Value build(const std::string& yaml, Value prediction) {
  const int64_t batch = prediction.shape()[0], classes = prediction.shape()[1];
  const Value target = iota(*prediction.graph, batch);
  return read_registered_as<Loss>(yaml)->build(prediction, where(target < double(classes), target, 0));
}

}  // namespace

TEST_CASE("cross_entropy is the mean of -log of the softmax at the class") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3}});
  // -log(e^2 / (e^2 + e + 1)) and -log(e^0 / (e^1 + e^0 + e^-1))
  check_value(build("cross_entropy", x), {{"x", {2, 1, 0, 1, 0, -1}}}, {0.5f * (0.407605964f + 1.40760596f)});
}

TEST_CASE("cross_entropy bears values that are far apart") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 2}});
  const Value loss = build("cross_entropy", x);
  const Feed feed{{"x", {-1000, 1000}}};
  check_value(loss, feed, {2000});
  check_value(gradients(loss, {x})[0], feed, {-1, 1});
}

TEST_CASE("the gradient of cross_entropy, with and without label smoothing") {
  for (const std::string yaml : {"cross_entropy", "cross_entropy: {label_smoothing: 0.2}"}) {
    check_gradient({.build = [&](const std::vector<Value>& x) { return build(yaml, x[0]); },
                    .arguments = {{{4, 5}, random_numbers(20, 3, -2, 2)}}});
  }
}

TEST_CASE("what is told of a prediction is its softmax") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 3}});
  check_value(read_registered_as<Loss>("cross_entropy")->told(x), {{"x", {1, 2, 3}}},
              {0.0900305732f, 0.244728471f, 0.665240956f});
}

TEST_CASE("cross_entropy asks for one value a class and a class as target") {
  Graph g;
  const Value image = input(g, "x", {DType::f32, {2, 4, 4, 3}}), y = input(g, "y", {DType::i32, {2}});
  try {
    read_registered_as<Loss>("cross_entropy")->build(image, y);
    FAIL("an image was taken");
  } catch (const ShapeError& error) {
    CHECK(std::string(error.what()) == "expected one value a class and a class as target, got [4, 4, 3] and []");
    CHECK(error.help == "end the model with 'flatten' and 'linear: ${data.classes}'");
  }
}
