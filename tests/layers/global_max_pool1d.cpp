// global_max_pool1d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("global_max_pool1d is the largest of each channel") {
  check_layer({.yaml = "global_max_pool1d", .input = {4, 3}});
  check_close(layer_output("global_max_pool1d", {3, 2}, {1, -2, 5, -4, 3, -3}), {5, -2});
}

TEST_CASE("what lies behind a sequence's length is neither in the largest nor in the mean") {
  struct Alone final : Builder {
    Graph g;
    Graph& graph() override { return g; }
    bool training() const override { return false; }
    Value parameter(const std::string&, Shape, std::shared_ptr<const Initializer>) override { return {}; }
    Value buffer(const std::string&, Shape, std::shared_ptr<const Initializer>) override { return {}; }
    void assign(const std::string&, Value) override {}
    Value random(Shape) override { return {}; }
  } b;
  const auto layer = read_registered_as<Layer>("global_max_pool1d");
  const Value x = input(b.g, "x", {DType::f32, {2, 3, 1}}), lengths = input(b.g, "lengths", {DType::i32, {2}});
  const std::vector<Value> inputs{x, lengths};
  const Value y = layer->build(b, inputs);
  check_close(evaluate(b.g, {y}, {{"x", {-5, -7, 9, 1, 2, 3}}, {"lengths", {2, 3}}})[0], {-5, 3});
  const auto mean = read_registered_as<Layer>("global_avg_pool1d");
  check_close(evaluate(b.g, {mean->build(b, inputs)}, {{"x", {-5, -7, 9, 1, 2, 3}}, {"lengths", {2, 3}}})[0], {-6, 2});
  for (const auto& each : {y, mean->build(b, inputs)})
    check_close(evaluate(b.g, {each}, {{"x", {-5, -7, 9, 1, 2, 3}}, {"lengths", {0, 1}}})[0], {0, 1});
  const std::vector<Value> wrong{x, x};
  CHECK_THROWS_WITH_AS(layer->build(b, wrong), "expected one length a sample, whole numbers, got f32 [3, 1]",
                       ShapeError);
}
