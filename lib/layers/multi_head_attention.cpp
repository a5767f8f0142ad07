// Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762): y = out_proj(softmax(q k^T / sqrt(head_dim)) v) of each
// head, with q, k, v = in_proj(x); fewer heads of k and v make it grouped-query attention (Ainslie et al. 2023,
// arXiv:2305.13245)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/attention_part.h"

namespace dl {
namespace {

struct MultiHeadAttention final : Layer {
  AttentionPart part;

  void describe(Schema& s) override {
    s.summary("each position of a sequence [length, features] looks at the others");
    s.details(
        "Parameters as in PyTorch: in_proj_weight [num_heads head_dim + num_kv_heads (head_dim + value_dim), "
        "features], "
        "the rows of the queries before those of the keys and values, in_proj_bias, out_proj.weight [features, "
        "num_heads value_dim], "
        "out_proj.bias. Without initializers the first is xavier_uniform, out_proj.weight uniform in "
        "[-1/sqrt(inputs), 1/sqrt(inputs)) and the biases 0.");
    s.details(
        "A second sequence (from: [x, memory]) is looked at instead of the first, with keys and values made from it; a "
        "third gives the values (from: [query, key, value]). Where these have other features than the first there are "
        "q_proj_weight, k_proj_weight and v_proj_weight. Behind them whole numbers, one a sample, tell how many "
        "positions "
        "are seen and not padding (from: [x, lengths]); whole numbers [queries, keys] are a mask, 0 where a key is not "
        "seen. Memory grows with the length, with a mask with its square.");
    s.also_known_as({"MultiheadAttention", "MultiHeadAttention", "attention", "self_attention", "mha",
                     "scaled_dot_product_attention", "CausalSelfAttention", "GroupQueryAttention"});
    part.describe(s);
    for (const char* key : {"relative_bias", "relative_position_bias", "relative_attention_bias"})
      s.instead_of(key, "write 'alibi: true', or 'rotary: {base: 10000}', by which attention sees distances");
    s.example("multi_head_attention: 2");
    s.example("multi_head_attention: {num_heads: 4, num_kv_heads: 2, causal: true, bias: false}");
    s.example("multi_head_attention: {num_heads: 2, causal: true, rotary: {base: 10000}}");
    s.example("multi_head_attention: {num_heads: 4, causal: true, alibi: true}");
    s.example("multi_head_attention: {num_heads: 2, head_dim: 3, value_dim: 5, causal: true}");
  }

  Value build(Builder& b, std::span<const Value> inputs) const override { return part.build(b, inputs); }
  void twins(Twins& t) const override { part.twins(t); }
};
DL_LAYER(MultiHeadAttention, "multi_head_attention");

}  // namespace
}  // namespace dl
