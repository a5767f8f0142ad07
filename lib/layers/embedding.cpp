// Embedding: y = row x of the weight [num_embeddings, embedding_dim]
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/nn/layer.h"

namespace dl {
namespace {

// The initial values of another initializer, but a row of zeros for padding.
struct PaddedRow final : Initializer {
  PaddedRow(std::shared_ptr<const Initializer> rest, int64_t row) : rest(std::move(rest)), row(row) {}
  void describe(Schema&) override {}
  void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t begin) const override {
    rest->fill(values, shape, key, begin);
    const int64_t end = begin + static_cast<int64_t>(values.size());
    for (int64_t i = std::max(begin, row * shape[1]); i < std::min(end, (row + 1) * shape[1]); ++i)
      values[static_cast<size_t>(i - begin)] = 0;
  }
  bool whole() const override { return rest->whole(); }
  const std::shared_ptr<const Initializer> rest;
  const int64_t row;
};

struct EmbeddingLayer final : Layer {
  int64_t num_embeddings = 0, embedding_dim = 0;
  std::optional<int64_t> padding_idx;
  std::shared_ptr<const Initializer> init;

  void describe(Schema& s) override {
    s.summary("a learned vector for each of a number of tokens or categories");
    s.details(
        "Takes whole numbers (i32) of any shape and adds an axis: [length] becomes [length, embedding_dim]. Parameter: "
        "weight [num_embeddings, embedding_dim], normal with standard deviation 1 without an initializer, as in "
        "PyTorch.");
    s.also_known_as({"Embedding", "lookup_table", "embed"});
    s.required("num_embeddings", num_embeddings, "how many different numbers there are, the largest plus one")
        .at_least(1)
        .known_as({"input_dim", "vocab_size", "vocabulary_size"})
        .instead_of_values({"vocab_size", "vocabulary_size", "vocabulary", "vocab", "num_words", "auto", "-1"},
                           "write ${data.vocabulary}");
    s.required("embedding_dim", embedding_dim, "length of each vector")
        .at_least(1)
        .known_as({"output_dim", "dim", "features"});
    s.optional("padding_idx", padding_idx, "a number whose vector starts as 0 and is not trained").at_least(0);
    s.optional("init", init, "initializer of the weight").known_as({"embeddings_initializer", "weight_init"});
    s.example("embedding: {num_embeddings: 65, embedding_dim: 16}");
    s.example("embedding: {num_embeddings: 5, embedding_dim: 3, init: {normal: 0.02}}");
    s.check([this](const Report& report) {
      if (padding_idx && *padding_idx >= num_embeddings) {
        report.at("padding_idx",
                  concat("expected a number below num_embeddings (", num_embeddings, "), got ", *padding_idx));
      }
    });
  }

  Value build(Builder& b, Value x) const override {
    std::shared_ptr<const Initializer> initial = init ? init : normal_initializer(1);
    if (padding_idx) initial = std::make_shared<PaddedRow>(initial, *padding_idx);
    return embedding(b.parameter("weight", {num_embeddings, embedding_dim}, initial), x, padding_idx.value_or(-1));
  }
  void twins(Twins& t) const override {
    t.pytorch("nn.Embedding({num_embeddings}, {embedding_dim}, padding_idx={padding_idx|None})").last();
    t.keras("layers.Embedding(input_dim:{num_embeddings}, output_dim:{embedding_dim})").tensor("weight", "embeddings");
    t.flax("nn.Embed({num_embeddings}, {embedding_dim})").tensor("weight", "embedding");
  }
};
DL_LAYER(EmbeddingLayer, "embedding");

}  // namespace
}  // namespace dl
