// embedding
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("embedding gives each number its row") {
  check_layer({.yaml = "embedding: {num_embeddings: 5, embedding_dim: 3}", .input = {4}, .indices = 5});
  check_layer({.yaml = "embedding: {num_embeddings: 2, embedding_dim: 1}", .input = {2, 3}, .indices = 2});
  check_layer({.yaml = "embedding: {num_embeddings: 300, embedding_dim: 70}", .input = {100}, .indices = 300});
  const Numbers y = layer_output("embedding: {num_embeddings: 3, embedding_dim: 2}", {3}, {2, 0, 2}, 3);
  CHECK(y.size() == 6);
  CHECK(y[0] == y[4]);
  CHECK(y[1] == y[5]);
  CHECK(y[0] != y[2]);
}

TEST_CASE("the padding's row starts as 0") {
  const Numbers y = layer_output("embedding: {num_embeddings: 3, embedding_dim: 2, padding_idx: 1}", {2}, {1, 2}, 3);
  CHECK(y[0] == 0);
  CHECK(y[1] == 0);
  CHECK(y[2] != 0);
}

TEST_CASE("embedding asks for whole numbers") {
  CHECK(layer_error("embedding: {num_embeddings: 3, embedding_dim: 2}", {{7}}) ==
        "expected whole numbers (i32), got f32 [7]; put 'embedding' first, on data of tokens or categories");
  for (const std::string layer : {"embedding", "embedding_bag"})
    CHECK(problems_of<Layer>(layer + ": {num_embeddings: vocab_size, embedding_dim: 2}")
              .ends_with("got 'vocab_size'\n  help: write ${data.vocabulary}\n"));
}

TEST_CASE("a number without a row stops the run and is named") {
  for (const std::string& device : devices()) {
    CAPTURE(device);
    for (const float index : {3.0f, -1.0f}) {
      Graph g;
      const Value y = embedding(input(g, "table", {DType::f32, {3, 2}}), input(g, "x", {DType::i32, {20000}}));
      Numbers x(20000, 0.0f);
      x.back() = index;
      Exit exit = Exit::done;
      CHECK(error_text(
                [&] {
                  evaluate(g, {y}, {{"table", Numbers(6, 1.0f)}, {"x", x}}, device);
                },
                {}, &exit) == concat("error: index ", static_cast<int>(index),
                                     " is outside an embedding of 3 rows\n  help: set num_embeddings to one more than "
                                     "the largest index of the data"));
      CHECK(exit == Exit::data);
    }
  }
}
