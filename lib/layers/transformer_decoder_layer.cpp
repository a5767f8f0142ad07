// A layer of a transformer's decoder (Vaswani et al. 2017, arXiv:1706.03762): attention to itself, to a memory, then
// two linear maps, each added to what it was given and normalized
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/transformer_part.h"

namespace dl {
namespace {

struct TransformerDecoderLayer final : TransformerLayer {
  void describe(Schema& s) override {
    s.summary("layer of a transformer's decoder: attention to itself and to a memory, then two linear maps");
    s.details(
        "Takes two sequences (from: [x, memory]); whole numbers behind them tell the memory's lengths. Parameters as "
        "in "
        "PyTorch: self_attn, multihead_attn, linear1, linear2, norm1, norm2 and norm3 with their weights and biases.");
    s.also_known_as({"TransformerDecoderLayer", "TransformerDecoder"});
    describe_keys(s, true);
    s.example("transformer_decoder_layer: {nhead: 2, dim_feedforward: 16, activation: gelu}");
  }

  Value build(Builder& b, std::span<const Value> inputs) const override {
    if (inputs.size() < 2 || inputs.size() > 3)
      throw ShapeError(concat("expected two sequences, got ", inputs.size(), inputs.size() == 1 ? " input" : " inputs"),
                       "name them: from: [x, memory]");
    Value y = residual(b, inputs[0], "norm1", [&](Value x) { return attend(b, "self_attn", causal, x, {}); });
    y = residual(b, y, "norm2", [&](Value x) { return attend(b, "multihead_attn", false, x, inputs.subspan(1)); });
    return residual(b, y, "norm3", [&](Value x) { return feed_forward(b, x); });
  }
};
DL_LAYER(TransformerDecoderLayer, "transformer_decoder_layer");

}  // namespace
}  // namespace dl
