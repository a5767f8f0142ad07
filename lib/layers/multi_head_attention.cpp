// Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762): y = out_proj(softmax(q k^T / sqrt(head_dim)) v) of each
// head, with q, k, v = in_proj(x); fewer heads of k and v make it grouped-query attention (Ainslie et al. 2023,
// arXiv:2305.13245)
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/graph/ops/write_rows.h"
#include "lib/graph/sizes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct MultiHeadAttention final : Layer {
  int64_t num_heads = 1;
  std::optional<int64_t> num_kv_heads, head_dim;
  bool causal = false, bias = true;
  double dropout = 0;
  std::shared_ptr<const Initializer> init, out_init;

  void describe(Schema& s) override {
    s.summary("each position of a sequence [length, features] looks at the others");
    s.details(
        "Parameters as in PyTorch: in_proj_weight [(num_heads + 2 num_kv_heads) head_dim, features], the rows of the "
        "queries before those of the keys and values, in_proj_bias, out_proj.weight [features, num_heads head_dim], "
        "out_proj.bias. Without initializers the first is xavier_uniform, out_proj.weight uniform in "
        "[-1/sqrt(inputs), 1/sqrt(inputs)) and the biases 0.");
    s.details(
        "A second input (from: [x, lengths]) of whole numbers, one a sample, tells how many positions are seen and not "
        "padding; a second sequence (from: [x, memory]) is looked at instead of the first, with keys and values made "
        "from it. Memory grows with the length, not with its square.");
    s.also_known_as({"MultiheadAttention", "MultiHeadAttention", "attention", "self_attention", "mha",
                     "scaled_dot_product_attention", "CausalSelfAttention"});
    s.required("num_heads", num_heads, "heads of the queries")
        .at_least(1)
        .positional()
        .known_as({"n_head", "heads", "nhead"});
    s.optional("num_kv_heads", num_kv_heads, "heads of keys and values, a divisor of num_heads; by default num_heads")
        .at_least(1)
        .known_as({"n_kv_head", "num_key_value_heads"});
    s.optional("head_dim", head_dim, "features of a head; by default features / num_heads")
        .at_least(1)
        .known_as({"key_dim", "kdim"});
    s.optional("causal", causal, "whether a position sees only itself and those before it")
        .known_as({"is_causal", "use_causal_mask"});
    s.optional("dropout", dropout, "probability with which a position is not seen, while training")
        .at_least(0)
        .below(1)
        .known_as({"dropout_p", "attn_pdrop"});
    s.optional("bias", bias, "whether biases are added").known_as({"use_bias"});
    s.optional("init", init, "initializer of in_proj_weight").known_as({"kernel_initializer"});
    s.optional("out_init", out_init, "initializer of out_proj.weight");
    s.instead_of("embed_dim", "leave it out: input sizes are inferred");
    s.example("multi_head_attention: 2");
    s.example("multi_head_attention: {num_heads: 4, num_kv_heads: 2, causal: true, bias: false}");
    s.check([this](const Report& report) {
      if (num_heads % num_kv_heads.value_or(num_heads) != 0) {
        report.at("num_kv_heads", concat("expected a divisor of num_heads (", num_heads, "), got ", *num_kv_heads));
      }
    });
  }

  Value build(Builder& b, std::span<const Value> inputs) const override {
    if (inputs.size() > 2) throw ShapeError(concat("expected one or two inputs, got ", inputs.size()));
    const Value x = inputs[0];
    expect_rank(x, 3, "a sequence [length, features]");
    Value lengths, memory = x;
    if (inputs.size() == 2) {
      const bool whole = inputs[1].type().dtype == DType::i32;
      (whole ? lengths : memory) = inputs[1];
      if (whole && lengths.shape().rank() != 1) {
        throw ShapeError(concat("expected one length a sample, got shape ", lengths.shape().without_batch().text()));
      }
      if (!whole) expect_rank(memory, 3, "a second sequence [length, features]");
    }
    const int64_t features = x.shape()[2], kv_heads = num_kv_heads.value_or(num_heads);
    if (!head_dim && features % num_heads != 0) {
      throw ShapeError(concat("cannot divide ", features, " features among ", num_heads, " heads"),
                       "set num_heads to a divisor, or head_dim");
    }
    if (memory.shape()[2] != features) {
      throw ShapeError(concat("expected sequences of equal features, got ", features, " and ", memory.shape()[2]),
                       "bring the second to the features of the first with 'linear'");
    }
    const int64_t dim = head_dim.value_or(features / num_heads), q = times(num_heads, dim);
    const int64_t kv = times(times(2, kv_heads), dim), all_rows = plus(q, kv);
    const auto xavier = uniform_initializer(std::sqrt(6.0 / static_cast<double>(plus(features, all_rows))));
    const auto uniform = uniform_initializer(1 / std::sqrt(static_cast<double>(q)));
    const auto zero = constant_initializer(0);

    const Value weight = b.parameter("in_proj_weight", {all_rows, features}, init ? init : xavier);
    const Value shift = bias ? b.parameter("in_proj_bias", {all_rows}, zero) : Value{};
    const auto project = [&](Value from, int64_t row, int64_t rows) {
      const bool all = rows == all_rows;
      const Value w = all ? weight : view(reshape(weight, {-1}), row * features, {rows, features});
      const Value y = matmul(from, w, false, true);
      return bias ? y + (all ? shift : view(shift, row, {rows})) : y;
    };
    AttentionOptions options{.heads = num_heads, .kv_heads = kv_heads, .causal = causal, .lengths = lengths};
    std::vector<Value> tensors;
    if (const Decoding* decoding = b.decoding()) {
      if (!causal || inputs.size() > 1) {
        throw ShapeError("attention that is not causal looks at all positions, so that none can be had by itself",
                         "write causal: true, and train again");
      }
      const Value before = b.carried("cache", {x.shape()[0], decoding->length, kv});
      const Value now = write_rows(before, project(x, q, kv), decoding->position);
      b.carry("cache", now);
      tensors = {project(x, 0, q), now};
      options.causal = false;
      options.lengths = decoding->count;
    } else if (memory == x) {
      tensors = {project(x, 0, all_rows)};
    } else {
      tensors = {project(x, 0, q), project(memory, q, kv)};
    }
    if (b.training() && dropout > 0) {
      options.dropout = dropout;
      options.random = b.random({x.shape()[0], num_heads, x.shape()[1], memory.shape()[1]});
    }
    const Value heads = attention(std::move(tensors), options);
    const Value y =
        matmul(heads, b.parameter("out_proj.weight", {features, q}, out_init ? out_init : uniform), false, true);
    return bias ? y + b.parameter("out_proj.bias", {features}, zero) : y;
  }
};
DL_LAYER(MultiHeadAttention, "multi_head_attention");

}  // namespace
}  // namespace dl
