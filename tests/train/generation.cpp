// Sequences continued token by token: with and without what was kept of earlier positions.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/inference/generation.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lib/train/programs/programs.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string text_config(const std::string& layers) {
  return "data: {train: {format: random, shape: [9], vocabulary: 11, samples: 8}, batch_size: 2}\nmodel:\n" + layers +
         "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1, device: cpu}\n";
}

const std::string gpt = R"(
  - embedding: {num_embeddings: 11, embedding_dim: 12}
  - positional_embedding
  - layer_norm:
    name: normal
  - multi_head_attention: {num_heads: 4, num_kv_heads: 2, causal: true}
    name: seen
  - add:
    from: [seen, normal]
  - sinusoidal_embedding
  - multi_head_attention: {num_heads: 1, causal: true, bias: false}
  - rms_norm
  - linear: 11
)";

// A network with its initial weights.
struct TrainedText {
  explicit TrainedText(const std::string& layers)
      : place(text_config(layers)), plan(place.plan()), device(make_device("cpu", {.threads = 2})), store(*device) {
    Programs programs(plan->recipe(), store);
    programs.initialize();
  }
  const Workplace place;
  const std::unique_ptr<Plan> plan;
  const std::unique_ptr<Device> device;
  Store store;
};

std::vector<int32_t> continued(TrainedText& t, bool cached, std::vector<int32_t> tokens, int more) {
  Generation generation(*t.plan->network, t.store, cached);
  for (int i = 0; i < more; ++i) {
    tokens.push_back(draw_token(generation.next(tokens), {.seed = 5}, static_cast<int64_t>(tokens.size())));
  }
  return tokens;
}

std::string generation_error(const std::string& layers) {
  TrainedText t(layers);
  return error_text([&] { Generation(*t.plan->network, t.store); });
}

}  // namespace

TEST_CASE("what is kept of earlier positions changes no token, also where the text outgrows the network's length") {
  TrainedText t(gpt);
  const std::vector<int32_t> tokens = continued(t, true, {3, 0, 7}, 20);
  CHECK(tokens.size() == 23);
  CHECK(tokens == continued(t, false, {3, 0, 7}, 20));
}

TEST_CASE("a recurrent network goes on from its states") {
  for (const std::string stateful : {"false", "true"}) {
    TrainedText t(
        "  - embedding: {num_embeddings: 11, embedding_dim: 6}\n  - lstm: {hidden_size: 5, num_layers: 2, stateful: " +
        stateful + "}\n  - gru: 4\n  - linear: 11\n");
    const std::vector<int32_t> tokens = continued(t, true, {3, 0, 7}, 20);
    CHECK(tokens == continued(t, false, {3, 0, 7}, 20));
    CHECK(tokens == continued(t, true, {3, 0, 7}, 20));
  }
}

TEST_CASE("the values for the next token are those of the whole network") {
  TrainedText t(gpt);
  Generation cached(*t.plan->network, t.store), whole(*t.plan->network, t.store, false);
  CHECK(cached.length() == 9);
  // A text that goes on, another that begins anew, one of which a part is known, and one too long to be seen whole.
  for (const std::vector<int32_t>& text : {std::vector<int32_t>{1, 2},
                                           {1, 2, 3},
                                           {4},
                                           {4, 5, 6, 7},
                                           {4, 5},
                                           {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
                                           {0, 1, 2}}) {
    const std::span<const float> found = cached.next(text), expected = whole.next(text);
    REQUIRE(found.size() == 11);
    for (size_t i = 0; i < 11; ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-5);
  }
}

TEST_CASE("no token is drawn that there is not, or that the network could not go on from") {
  TrainedText wide("  - embedding: {num_embeddings: 14, embedding_dim: 6}\n  - linear: 20\n");
  const std::vector<int32_t> begin{1};
  CHECK(Generation(*wide.plan->network, wide.store, true, 11).next(begin).size() == 11);
  CHECK(Generation(*wide.plan->network, wide.store, true).next(begin).size() == 14);
  Generation generation(*wide.plan->network, wide.store);
  const std::vector<int32_t> unknown{1, 14};
  CHECK(error_text([&] { generation.next(unknown); }) ==
        "error: model: expected tokens from 0 to 13, as its embedding has 14 rows, got 14\n"
        "  help: begin with tokens that it was trained on");
}

TEST_CASE("tokens are drawn as often as their probability says") {
  const std::vector<float> values{std::log(1.0f), std::log(2.0f), std::log(5.0f)};
  int counts[3] = {};
  for (int64_t i = 0; i < 8000; ++i) ++counts[draw_token(values, {.seed = 1}, i)];
  CHECK(std::abs(counts[0] - 1000) < 150);
  CHECK(std::abs(counts[1] - 2000) < 200);
  CHECK(std::abs(counts[2] - 5000) < 250);
  CHECK(draw_token(values, {.seed = 1}, 7) == draw_token(values, {.seed = 1}, 7));
}

TEST_CASE("temperature, top_k and top_p leave out what is unlikely") {
  const std::vector<float> values{std::log(1.0f), std::log(2.0f), std::log(5.0f)};
  bool first = false;
  for (int64_t i = 0; i < 300; ++i) {
    CHECK(draw_token(values, {.temperature = 0}, i) == 2);
    CHECK(draw_token(values, {.temperature = 0.05}, i) == 2);
    CHECK(draw_token(values, {.top_k = 1}, i) == 2);
    CHECK(draw_token(values, {.top_p = 0.5}, i) == 2);
    CHECK(draw_token(values, {.top_p = 0.8}, i) != 0);
    CHECK(draw_token(values, {.top_k = 2}, i) != 0);
    first |= draw_token(values, {.temperature = 3}, i) == 0;
  }
  CHECK(first);
  CHECK(draw_token(std::vector<float>{1, 3, 3}, {.temperature = 0}, 0) == 1);
}

TEST_CASE("a network that cannot go position by position says why") {
  const std::string begin = "  - embedding: {num_embeddings: 11, embedding_dim: 4}\n", end = "  - linear: 11\n";
  CHECK(generation_error(begin + "  - multi_head_attention: 2\n" + end) ==
        "error: model: attention that is not causal looks at all positions, so that none can be had by itself\n"
        "  help: write causal: true, and train again");
  CHECK(generation_error(begin + "  - group_norm: 2\n" + end) ==
        "error: model: group_norm goes over all positions, so that none can be had by itself\n"
        "  help: write layer_norm or rms_norm");
  CHECK(generation_error(begin + "  - lstm: {hidden_size: 3, bidirectional: true}\n" + end) ==
        "error: model: a direction from the last step to the first needs all steps, so that none can be had by itself\n"
        "  help: write bidirectional: false, and train again");
}
