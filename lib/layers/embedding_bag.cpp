// Embedding bag: the sum, mean or largest of the vectors of several tokens or categories
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"
#include "lib/nn/lengths.h"

namespace dl {
namespace {

struct EmbeddingBag final : Layer {
  int64_t num_embeddings = 0, embedding_dim = 0;
  std::string mode = "mean";
  std::optional<int64_t> padding_idx;
  std::shared_ptr<const Initializer> init;

  void describe(Schema& s) override {
    s.summary("sum, mean or largest of the learned vectors of several tokens or categories");
    s.details(
        "Takes whole numbers [length]. A second input (from: [x, lengths]) of whole numbers, one a sample, tells how "
        "many count. Parameter: weight [num_embeddings, embedding_dim], normal with standard deviation 1 without an "
        "initializer.");
    s.also_known_as({"EmbeddingBag"});
    s.required("num_embeddings", num_embeddings, "how many different numbers there are, the largest plus one")
        .at_least(1)
        .known_as({"input_dim", "vocab_size"})
        .instead_of_values({"vocab_size", "vocabulary_size", "vocabulary", "vocab", "num_words", "auto", "-1"},
                           "write ${data.vocabulary}");
    s.required("embedding_dim", embedding_dim, "length of each vector").at_least(1).known_as({"output_dim", "dim"});
    s.optional("mode", mode, "how the vectors become one").one_of({"sum", "mean", "max"});
    s.optional("padding_idx", padding_idx, "a number that does not count").at_least(0);
    s.optional("init", init, "initializer of the weight");
    s.example("embedding_bag: {num_embeddings: 4, embedding_dim: 3}");
    s.example("embedding_bag: {num_embeddings: 4, embedding_dim: 3, mode: sum, padding_idx: 0}");
    s.check([this](const Report& report) {
      if (padding_idx && *padding_idx >= num_embeddings)
        report.at("padding_idx",
                  concat("expected a number below num_embeddings (", num_embeddings, "), got ", *padding_idx));
    });
  }

  Value build(Builder& b, std::span<const Value> inputs) const override {
    if (inputs.size() > 2) throw ShapeError(concat("expected one or two inputs, got ", inputs.size()));
    const Value x = inputs[0];
    if (x.type().dtype != DType::i32)
      throw ShapeError("expected whole numbers, got other ones", "read them as 'index' columns or tokens");
    expect_rank(x, 2, "numbers [length]");
    const int64_t batch = x.shape()[0], length = x.shape()[1];
    const Value weight = b.parameter("weight", {num_embeddings, embedding_dim}, init ? init : normal_initializer(1));
    const Value vectors = embedding(weight, x, padding_idx.value_or(-1));
    Value counts = broadcast_to(constant(b.graph(), 1), {batch, length, 1});
    if (inputs.size() == 2) counts = is_step(reshape(x, {batch, length, 1}), inputs[1]) * counts;
    if (padding_idx) counts = counts * (1 - equal(reshape(as_f32(x), {batch, length, 1}), *padding_idx));
    const Value many = sum(counts, {1});
    Value y;
    if (mode == "max")
      y = where(many > 0, max(where(counts > 0, vectors, -3e38), {1}), 0);
    else
      y = sum(vectors * counts, {1});
    if (mode == "mean") y = y / maximum(many, 1);
    return reshape(y, {batch, embedding_dim});
  }
};
DL_LAYER(EmbeddingBag, "embedding_bag");

}  // namespace
}  // namespace dl
