// A learned vector for each position, added (Radford et al. 2018, "Improving language understanding by generative
// pre-training"): y[i] = x[i] + weight[i]
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct PositionalEmbedding final : Layer {
  std::optional<int64_t> max_length;
  std::shared_ptr<const Initializer> init;

  void describe(Schema& s) override {
    s.summary("adds a learned vector to each position of a sequence [length, features]");
    s.details("Parameter: weight [max_length, features], normal with standard deviation 1 without an initializer.");
    s.also_known_as({"PositionEmbedding", "position_embedding", "wpe", "learned_positional_embedding"});
    s.optional("max_length", max_length, "positions there are vectors for; without it as many as the input has")
        .at_least(1)
        .positional()
        .known_as({"num_embeddings", "sequence_length", "block_size", "max_len"});
    s.optional("init", init, "initializer of the weight").known_as({"initializer", "weight_init"});
    s.example("positional_embedding");
    s.example("positional_embedding: {max_length: 16, init: {normal: 0.02}}");
  }

  Value build(Builder& b, Value x) const override {
    expect_sequence(x, "a sequence [length, features]");
    const Decoding* decoding = b.decoding();
    const int64_t length = decoding ? decoding->length : x.shape()[1], features = x.shape()[2];
    const int64_t most = max_length.value_or(length);
    if (length > most) {
      throw ShapeError(concat("expected at most ", most, " positions (max_length), got ", length),
                       "raise max_length, or cut the sequences shorter");
    }
    Value weight = b.parameter("weight", {most, features}, init ? init : normal_initializer(1));
    if (decoding) return x + reshape(embedding(weight, decoding->position), {-1, 1, features});
    if (length < most) weight = view(reshape(weight, {-1}), 0, {length, features});
    return x + weight;
  }
};
DL_LAYER(PositionalEmbedding, "positional_embedding");

}  // namespace
}  // namespace dl
