// A parameter that two layers share.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/check_gradient.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string tied_config(const std::string& tie) {
  return "data: {train: {format: random, shape: [3], vocabulary: 5, samples: 8}, batch_size: 2}\n"
         "model:\n"
         "  - embedding: {num_embeddings: 5, embedding_dim: 4}\n"
         "    name: wte\n"
         "  - layer_norm: {bias: false}\n"
         "  - linear: {out_features: 5, bias: false}\n"
         "    tie: " +
         tie + "\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n";
}

std::string tie_error(const std::string& tie) {
  const Workplace place(tied_config(tie));
  return place.refusal();
}

}  // namespace

TEST_CASE("a tied parameter is one tensor, whose gradient is the sum of what both layers give") {
  const Workplace place(tied_config("{weight: wte.weight}"));
  const auto plan = place.plan();
  const Network& network = *plan->network;
  REQUIRE(network.tensors().size() == 2);
  CHECK(network.tensors()[0].path == "wte.weight");
  CHECK(network.tensors()[1].path == "1.weight");
  CHECK(network.parameter_count() == 24);

  Graph g;
  const Value x = input(g, "x", {DType::i32, {2, 3}}), y = network.build(g, std::span(&x, 1), false, {}, 1).last;
  const Value dy = input(g, "dy", {DType::f32, y.shape()});
  const Value all = variable(g, network.parameters());
  const testing::Feed feed{{"x", {0, 3, 1, 1, 4, 0}},
                           {"dy", testing::random_numbers(30, 2)},
                           {"parameters", testing::random_numbers(network.arena_elements(), 3)}};
  const testing::Numbers slope = testing::evaluate(g, {gradients(sum(y * dy), {all})[0]}, feed)[0];
  testing::Evaluation forward(g, {y});
  testing::check_slope(
      "parameters", feed, slope, feed.at("dy"), [&](const testing::Feed& f) { return forward(f)[0]; }, 1.0 / 64, 1e-3);
}

TEST_CASE("a tie that does not fit is named with its place") {
  CHECK(tie_error("{weight: wtf.weight}") ==
        "error: small.yaml:6:5: model[2] (linear): 'tie' names 'wtf.weight', which no layer before has\n"
        "  help: write 'wte.weight'");
  CHECK(tie_error("{weigth: wte.weight}") ==
        "error: small.yaml:6:5: model[2] (linear): 'tie' names the parameter 'weigth', which the layer does not have\n"
        "  help: write 'weight'");
  CHECK(tie_error("{weight: 1.weight}") ==
        "error: small.yaml:6:5: model[2] (linear): cannot tie weight [5, 4] to 1.weight [4]\n"
        "  help: tie parameters of one shape");
  CHECK(
      tie_error("wte.weight") ==
      "error: small.yaml:7:10: model[2].tie: expected a map of parameters to those of other layers, got 'wte.weight'\n"
      "  help: write 'tie: {weight: NAME.weight}'");
}
