// A layer of a transformer's encoder (Vaswani et al. 2017, arXiv:1706.03762): y = norm1(x + attention(x)), then
// norm2(y + linear2(activation(linear1(y)))); with norm_first the branches begin with their norms (Xiong et al. 2020,
// arXiv:2002.04745)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/transformer_part.h"

namespace dl {
namespace {

struct TransformerEncoderLayer final : TransformerLayer {
  void describe(Schema& s) override {
    s.summary("layer of a transformer's encoder: attention, then two linear maps, on a sequence [length, features]");
    s.details(
        "Parameters as in PyTorch: self_attn.in_proj_weight, self_attn.in_proj_bias, self_attn.out_proj.weight, "
        "self_attn.out_proj.bias, linear1, linear2, norm1 and norm2 with .weight and .bias. Behind the sequence whole "
        "numbers may tell lengths or a mask, as for multi_head_attention. With 'causal' it is the layer of a language "
        "model, which writes position by position.");
    s.also_known_as({"TransformerEncoderLayer", "TransformerEncoder", "TransformerBlock", "transformer"});
    describe_keys(s, false);
    s.example("transformer_encoder_layer: {nhead: 2, dim_feedforward: 16, activation: gelu}");
    s.example(
        "transformer_encoder_layer: {nhead: 2, dim_feedforward: 8, dropout: 0, activation: gelu, norm_first: true}");
  }

  Value build(Builder& b, std::span<const Value> inputs) const override {
    const Value y =
        residual(b, inputs[0], "norm1", [&](Value x) { return attend(b, "self_attn", causal, x, inputs.subspan(1)); });
    return residual(b, y, "norm2", [&](Value x) { return feed_forward(b, x); });
  }
  void twins(Twins& t) const override {
    if (t.inputs.size() > 1 || causal || (activation != "relu" && activation != "gelu")) return;
    t.pytorch(
         "nn.TransformerEncoderLayer({in}, {nhead}, {dim_feedforward}, {dropout}, {activation|'relu'}, "
         "layer_norm_eps={layer_norm_eps|1e-05}, batch_first=True, norm_first={norm_first|False}, bias={bias|True})")
        .last();
  }
};
DL_LAYER(TransformerEncoderLayer, "transformer_encoder_layer");

}  // namespace
}  // namespace dl
