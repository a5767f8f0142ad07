// Attention: projections, masks, what is kept while a sequence is made, and what it is called elsewhere.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/attention_part.h"

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/write_rows.h"
#include "lib/graph/sizes.h"
#include "lib/nn/head_features.h"
#include "lib/nn/image.h"
#include "lib/nn/masked_attention.h"

namespace dl {

void AttentionPart::describe(Schema& s) {
  s.required("num_heads", num_heads, "heads of the queries")
      .at_least(1)
      .positional()
      .known_as({"n_head", "heads", "nhead"});
  s.optional("num_kv_heads", num_kv_heads, "heads of keys and values, a divisor of num_heads; by default num_heads")
      .at_least(1)
      .known_as({"n_kv_head", "num_key_value_heads"});
  s.optional("head_dim", head_dim, "features of a head; by default features / num_heads")
      .at_least(1)
      .known_as({"key_dim", "head_size", "d_head"});
  s.optional("value_dim", value_dim, "features of a head's values, where they have others than queries and keys")
      .at_least(1);
  s.optional("causal", causal, "whether a position sees only itself and those before it")
      .known_as({"is_causal", "use_causal_mask"});
  s.optional("dropout", dropout, "probability with which a position is not seen, while training")
      .at_least(0)
      .below(1)
      .known_as({"dropout_p", "attn_pdrop"});
  s.optional("bias", bias, "whether biases are added").known_as({"use_bias"});
  s.optional("rotary", rotary, "positions as angles by which queries and keys are turned: {base: 10000}")
      .known_as({"rope", "rotary_embedding"});
  s.optional("alibi", alibi,
             "whether a head sees positions the less the farther they are, by a slope of its own (Press et al. 2021, "
             "arXiv:2108.12409)");
  s.optional("init", init, "initializer of in_proj_weight").known_as({"kernel_initializer"});
  s.optional("out_init", out_init, "initializer of out_proj.weight");
  for (const char* key : {"embed_dim", "d_model", "kdim", "vdim"})
    s.instead_of(key, "leave it out: input sizes are inferred");
  for (const char* key : {"attn_mask", "mask", "attention_mask", "key_padding_mask"})
    s.instead_of(key,
                 "name it in 'from', as 'from: [x, mask]' or 'from: [x, lengths]'; 'causal: true' hides what is behind "
                 "a position");
  s.check([this](const Report& report) {
    if (num_heads % num_kv_heads.value_or(num_heads) != 0) {
      report.at("num_kv_heads", concat("expected a divisor of num_heads (", num_heads, "), got ", *num_kv_heads));
    }
    if (alibi && !causal) report.at("alibi", "expected attention that is causal", "write causal: true");
    if (alibi && value_dim) report.at("value_dim", "with alibi values have as many features as keys", "leave it out");
  });
}

namespace {

// The inputs told apart.
struct Seen {
  std::vector<Value> sequences;
  Value lengths, mask;
};

Seen told_apart(std::span<const Value> inputs) {
  Seen seen;
  for (const Value& input : inputs) {
    if (input.type().dtype != DType::i32) {
      if (seen.lengths || seen.mask)
        throw ShapeError("expected sequences before lengths and masks",
                         "name them in this order: from: [x, memory, lengths]");
      expect_sequence(
          input, seen.sequences.empty() ? "a sequence [length, features]" : "a second sequence [length, features]");
      seen.sequences.push_back(input);
    } else if (seen.sequences.empty()) {
      throw ShapeError("expected a sequence [length, features], got whole numbers", "put 'embedding' before it");
    } else if (input.shape().rank() == 3 && !seen.mask) {
      seen.mask = input;
    } else if (input.shape().rank() == 1 && !seen.lengths) {
      seen.lengths = input;
    } else {
      throw ShapeError(concat("expected one length a sample, got shape ", input.shape().without_batch().text()));
    }
  }
  if (seen.sequences.size() > 3)
    throw ShapeError(concat("expected one to three sequences, got ", seen.sequences.size()));
  return seen;
}

// The rows of its weights: those of the queries before those of the keys and of the values.
struct AttentionRows {
  int64_t features, dim, of_values, wide;  // of x; of a head's queries and keys, its values, and the wider of these
  int64_t kv_heads;
  int64_t q, k, v, kv, all;
  int64_t made;  // features of all heads' results
};

AttentionRows attention_rows(const AttentionPart& part, int64_t features) {
  AttentionRows r{};
  r.features = features;
  r.kv_heads = part.num_kv_heads.value_or(part.num_heads);
  r.dim = part.head_dim.value_or(features / part.num_heads);
  r.q = times(part.num_heads, r.dim);
  r.k = times(r.kv_heads, r.dim);
  r.of_values = part.value_dim.value_or(r.dim);
  r.v = times(r.kv_heads, r.of_values);
  r.wide = std::max(r.dim, r.of_values);
  r.kv = plus(r.k, r.v);
  r.all = plus(r.q, r.kv);
  r.made = times(part.num_heads, r.of_values);
  return r;
}

// An attention being built, in the order of build().
class AttentionBuild {
 public:
  AttentionBuild(const AttentionPart& part, Builder& b, std::span<const Value> inputs)
      : part_(part),
        b_(b),
        seen_(told_apart(inputs)),
        x_(seen_.sequences[0]),
        memory_(seen_.sequences.size() > 1 ? seen_.sequences[1] : x_),
        valued_(seen_.sequences.size() > 2 ? seen_.sequences[2] : memory_),
        alone_(inputs.size() == 1) {
    expect_sizes();
    rows_ = attention_rows(part, x_.shape()[2]);
    slopes_ = {.heads = part.num_heads, .kv_heads = rows_.kv_heads, .dim = rows_.dim};
  }

  Value build() {
    make_weights();
    AttentionOptions options{
        .heads = part_.num_heads, .kv_heads = rows_.kv_heads, .causal = part_.causal, .lengths = seen_.lengths};
    std::vector<Value> tensors = b_.decoding() ? of_position(options) : of_sequences();
    if (b_.training() && part_.dropout > 0) {
      options.dropout = part_.dropout;
      options.random = b_.random({x_.shape()[0], part_.num_heads, x_.shape()[1], memory_.shape()[1]});
    }
    const Value heads = seen_.mask ? masked(tensors, options) : attention(std::move(tensors), options);
    return combined(part_.alibi ? slopes_.result(heads) : narrowed_heads(heads, part_.num_heads, rows_.of_values));
  }

 private:
  void expect_sizes() const {
    const int64_t features = x_.shape()[2];
    if (!part_.head_dim && features % part_.num_heads != 0) {
      throw ShapeError(concat("cannot divide ", features, " features among ", part_.num_heads, " heads"),
                       "set num_heads to a divisor, or head_dim");
    }
    if (memory_.shape()[1] != valued_.shape()[1])
      throw ShapeError(concat("expected as many values as keys, got ", memory_.shape()[1], " keys and ",
                              valued_.shape()[1], " values"));
  }

  // Keys or values of other features have weights of their own, as in PyTorch.
  void make_weights() {
    together_ = memory_.shape()[2] == rows_.features && valued_.shape()[2] == rows_.features;
    const auto weight = [&](const std::string& name, Value from, int64_t rows) {
      const int64_t in = from.shape()[2];
      const auto xavier = [&] { return uniform_initializer(std::sqrt(6.0 / static_cast<double>(plus(in, rows)))); };
      return b_.parameter(name, {rows, in}, part_.init ? part_.init : xavier());
    };
    if (together_) {
      weight_ = weight("in_proj_weight", x_, rows_.all);
    } else {
      q_weight_ = weight("q_proj_weight", x_, rows_.q);
      k_weight_ = weight("k_proj_weight", memory_, rows_.k);
      v_weight_ = weight("v_proj_weight", valued_, rows_.v);
    }
    if (part_.bias) shift_ = b_.parameter("in_proj_bias", {rows_.all}, constant_initializer(0));
  }

  // Rows [row, row + rows) of the weight times what they are given.
  Value project(Value from, int64_t row, int64_t rows) const {
    const bool all = rows == rows_.all;
    const Value own = row < rows_.q ? q_weight_ : row < rows_.q + rows_.k ? k_weight_ : v_weight_;
    const Value w = !together_ ? own
                    : all      ? weight_
                               : view(reshape(weight_, {-1}), row * rows_.features, {rows, rows_.features});
    const Value y = matmul(from, w, false, true);
    return part_.bias ? y + (all ? shift_ : view(shift_, row, {rows})) : y;
  }

  Value positions(Value of) const {
    if (const Decoding* decoding = b_.decoding()) return reshape(as_f32(decoding->position), {of.shape()[0], 1, 1});
    return reshape(iota(b_.graph(), of.shape()[1]), {of.shape()[1], 1});
  }

  Value queries(Value from) const {
    Value y = project(from, 0, rows_.q);
    if (part_.rotary) y = part_.rotary->turn(y, part_.num_heads, positions(from));
    if (rows_.wide > rows_.dim)  // the scale is of `wide`
      y = y * std::sqrt(static_cast<double>(rows_.wide) / static_cast<double>(rows_.dim));
    return part_.alibi ? slopes_.query(y) : widened_heads(y, part_.num_heads, rows_.wide);
  }
  Value keys(Value from) const {
    Value y = project(from, rows_.q, rows_.k);
    if (part_.rotary) y = part_.rotary->turn(y, rows_.kv_heads, positions(from));
    return part_.alibi ? slopes_.key(y, positions(from)) : widened_heads(y, rows_.kv_heads, rows_.wide);
  }
  Value values(Value from) const {
    const Value y = project(from, rows_.q + rows_.k, rows_.v);
    return part_.alibi ? slopes_.value(y) : widened_heads(y, rows_.kv_heads, rows_.wide);
  }
  // Whether queries, keys and values are each made of a product of its own.
  bool apart() const { return part_.rotary || part_.alibi || rows_.of_values != rows_.dim; }

  // Of one position, which sees what was kept of those before.
  std::vector<Value> of_position(AttentionOptions& options) {
    if (!part_.causal || !alone_) {
      throw ShapeError("attention that is not causal looks at all positions, so that none can be had by itself",
                       "write causal: true, and train again");
    }
    options.causal = false;
    options.lengths = b_.decoding()->count;
    if (apart()) return {queries(x_), cached("keys", keys(x_)), cached("values", values(x_))};
    return {project(x_, 0, rows_.q), cached("cache", project(x_, rows_.q, rows_.kv))};
  }

  Value cached(const std::string& name, Value now) {
    const Decoding& decoding = *b_.decoding();
    const Value before = b_.carried(name, {x_.shape()[0], decoding.length, now.shape()[2]});
    const Value after = write_rows(before, now, decoding.position);
    b_.carry(name, after);
    return after;
  }

  // Of as few products as there can be.
  std::vector<Value> of_sequences() const {
    if (apart() || seen_.mask) return {queries(x_), keys(memory_), values(valued_)};
    if (seen_.sequences.size() == 1) return {project(x_, 0, rows_.all)};
    if (together_ && memory_ == valued_) return {project(x_, 0, rows_.q), project(memory_, rows_.q, rows_.kv)};
    return {queries(x_), keys(memory_), values(valued_)};
  }

  Value masked(const std::vector<Value>& tensors, const AttentionOptions& options) const {
    const Shape wanted{x_.shape()[0], x_.shape()[1], memory_.shape()[1]};
    if (seen_.mask.shape() != wanted)
      throw ShapeError(concat("expected a mask ", wanted.without_batch().text(), ", queries by keys, got shape ",
                              seen_.mask.shape().without_batch().text()));
    if (seen_.lengths || part_.alibi)
      throw ShapeError(concat("expected a mask without ", part_.alibi ? "alibi" : "lengths"), "put them into the mask");
    return masked_attention(tensors[0], tensors[1], tensors[2], seen_.mask, options);
  }

  Value combined(Value heads) {
    const auto uniform = [&] { return uniform_initializer(1 / std::sqrt(static_cast<double>(rows_.made))); };
    const Value weight =
        b_.parameter("out_proj.weight", {rows_.features, rows_.made}, part_.out_init ? part_.out_init : uniform());
    const Value y = matmul(heads, weight, false, true);
    return part_.bias ? y + b_.parameter("out_proj.bias", {rows_.features}, constant_initializer(0)) : y;
  }

  const AttentionPart& part_;
  Builder& b_;
  const Seen seen_;
  const Value x_, memory_, valued_;
  const bool alone_;  // x is the only input
  AttentionRows rows_{};
  Alibi slopes_{};
  bool together_ = false;
  Value weight_, q_weight_, k_weight_, v_weight_, shift_;
};

}  // namespace

Value AttentionPart::build(Builder& b, std::span<const Value> inputs) const {
  return AttentionBuild(*this, b, inputs).build();
}

namespace {

// Queries, keys and values by themselves, [features, heads, dim], and what is made of them, [heads, dim, features].
void say_apart(Twin& twin, int64_t features, int64_t heads, int64_t dim, bool bias, const std::string& dot,
               const std::string& last) {
  const char* names[] = {"query", "key", "value"};
  for (int64_t i = 0; i < 3; ++i) {
    const std::string name = names[i];
    twin.tensor("in_proj_weight", name + dot + "kernel", "hdi -> ihd").part(i, 3).seen({heads, dim, features});
    if (bias) twin.tensor("in_proj_bias", name + dot + "bias").part(i, 3).seen({heads, dim});
  }
  twin.tensor("out_proj.weight", last + dot + "kernel", "ohd -> hdo").seen({features, heads, dim});
  if (bias) twin.tensor("out_proj.bias", last + dot + "bias");
}

}  // namespace

void AttentionPart::twins(Twins& t) const {
  const int64_t features = t.x().last(), dim = head_dim.value_or(features / num_heads);
  if (t.inputs.size() > 1 || rotary || alibi || num_kv_heads.value_or(num_heads) != num_heads ||
      value_dim.value_or(dim) != dim)
    return;
  t.say("dim", std::to_string(dim));
  say_apart(
      t.keras(
           "layers.MultiHeadAttention(num_heads:{num_heads}, key_dim:{dim}, dropout={dropout|0}, use_bias={bias|True})")
          .called(causal ? "{self}({x}, {x}, use_causal_mask=True)" : "{self}({x}, {x})"),
      features, num_heads, dim, bias, "/", "attention_output");
  t.say("together", dim * num_heads == features ? "None" : std::to_string(dim * num_heads));
  say_apart(
      t.flax("nn.MultiHeadDotProductAttention({num_heads}, qkv_features={together|None}, dropout_rate={dropout|0}, "
             "deterministic=not train, use_bias={bias|True})")
          .called(causal ? "{self}({x}, mask=nn.make_causal_mask({x}[..., 0]))" : "{self}({x})"),
      features, num_heads, dim, bias, ".", "out");
  if (dim * num_heads != features) return;
  t.say("mask", concat("nn.Transformer.generate_square_subsequent_mask(", t.x()[1], ")"));
  t.pytorch("nn.MultiheadAttention({in}, {num_heads}, dropout={dropout|0}, bias={bias|True}, batch_first=True)")
      .called(causal ? "{self}({x}, {x}, {x}, need_weights=False, attn_mask={mask}, is_causal=True)[0]"
                     : "{self}({x}, {x}, {x}, need_weights=False)[0]")
      .last();
}

}  // namespace dl
