// Attention: projections, rotary positions, ALiBi, masks, and what is kept while a sequence is made.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/attention_part.h"

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/write_rows.h"
#include "lib/graph/sizes.h"
#include "lib/nn/functions.h"
#include "lib/nn/image.h"
#include "lib/nn/merge_layer.h"

namespace dl {

void Rotary::describe(Schema& s) {
  s.summary("positions as angles by which queries and keys are turned");
  s.optional("base", base, "ratio of the longest wave to the shortest")
      .above(1)
      .positional()
      .known_as({"theta", "rope_theta"});
  s.optional("dim", dim, "features of a head that are turned, the first; without it all").at_least(2);
  s.optional("interleaved", interleaved,
             "whether a pair are neighbours; else the halves, as Llama in transformers has them");
}

Value Rotary::turn(Value x, int64_t heads, Value position) const {
  const Shape shape = x.shape();
  const int64_t head_dim = shape[2] / heads, turned = dim.value_or(head_dim), pairs = turned / 2;
  if (turned > head_dim || turned % 2 != 0) {
    throw ShapeError(
        concat("expected an even number of features to turn, at most a head's ", head_dim, ", got ", turned),
        "set rotary.dim, or other heads");
  }
  const Value frequency = exp(iota(*x.graph, pairs) * (-2 * std::log(base) / static_cast<double>(turned)));
  const Value angle = position * frequency;  // [1 or batch, length, pairs]
  const int64_t batch = angle.shape().rank() == 3 ? angle.shape()[0] : 1;
  const Shape across = interleaved ? Shape{batch, shape[1], 1, pairs, 1} : Shape{batch, shape[1], 1, pairs};
  const Value c = reshape(map(Function::cos, angle), across), s = reshape(map(Function::sin, angle), across);
  const Value each = reshape(x, {shape[0], shape[1], heads, head_dim});
  Value part = slice(each, 3, 0, turned);
  if (interleaved) part = reshape(part, {shape[0], shape[1], heads, pairs, 2});
  const int64_t half = interleaved ? 1 : pairs;
  const Value a = slice(part, -1, 0, half), b = slice(part, -1, half, half);
  Value y = concatenate({a * c - b * s, b * c + a * s}, -1);
  if (interleaved) y = reshape(y, {shape[0], shape[1], heads, turned});
  if (turned < head_dim) y = concatenate({y, as_f32(slice(each, 3, turned, head_dim - turned))}, 3);
  return reshape(y, shape);
}

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

// The slopes of heads, 2^(-8 i / n) for a power of two of them; others take every other slope of twice as many.
std::vector<double> alibi_slopes(int64_t heads) {
  int64_t power = 1;
  while (2 * power <= heads) power *= 2;
  std::vector<double> slopes;
  for (int64_t i = 1; i <= power; ++i)
    slopes.push_back(std::exp2(-8.0 * static_cast<double>(i) / static_cast<double>(power)));
  for (int64_t i = 1; std::ssize(slopes) < heads; i += 2)
    slopes.push_back(std::exp2(-4.0 * static_cast<double>(i) / static_cast<double>(power)));
  return slopes;
}

// Zeros behind the features of each head, so that it has `wide` of them.
Value widened(Value x, int64_t heads, int64_t wide) {
  const Shape shape = x.shape();
  const int64_t dim = shape[2] / heads;
  if (dim == wide) return x;
  const Value each = as_f32(reshape(x, {shape[0], shape[1], heads, dim}));
  const Value zeros = broadcast_to(constant(*x.graph, 0), {shape[0], shape[1], heads, wide - dim});
  return reshape(concatenate({each, zeros}, 3), {shape[0], shape[1], -1});
}

// The first features of each head.
Value narrowed(Value x, int64_t heads, int64_t dim) {
  const Shape shape = x.shape();
  if (shape[2] == heads * dim) return x;
  return reshape(slice(reshape(x, {shape[0], shape[1], heads, shape[2] / heads}), 3, 0, dim), {shape[0], shape[1], -1});
}

// Two more features of each head, [… , n] beside those of x.
Value with_features(Value x, int64_t heads, Value two) {
  const Shape shape = x.shape();
  const int64_t dim = shape[2] / heads;
  const Value each = as_f32(reshape(x, {shape[0], shape[1], heads, dim}));
  return reshape(concatenate({each, broadcast_to(two, {shape[0], shape[1], heads, 2})}, 3), {shape[0], shape[1], -1});
}

// How much less a key at position j is seen than one at 0 is, but for what all keys of a query share, is slope j: a
// product of more features of the query and of the key. Positions are split in two, so that they are exact in bf16.
struct Alibi {
  int64_t heads, kv_heads, dim;

  Value query(Value q) const {
    const double scale = std::sqrt(static_cast<double>(dim + 2));
    std::vector<float> slopes;
    for (const double slope : alibi_slopes(heads)) {
      slopes.push_back(static_cast<float>(256 * slope * scale));
      slopes.push_back(static_cast<float>(slope * scale));
    }
    const double kept = std::sqrt(static_cast<double>(dim + 2) / static_cast<double>(dim));  // the scale is of dim + 2
    return with_features(q * kept, heads, reshape(numbers(*q.graph, std::move(slopes)), {1, 1, heads, 2}));
  }
  // position: f32 [length, 1] or [batch, length, 1].
  Value key(Value k, Value position) const {
    const Value high = map(Function::floor, position * (1.0 / 256));
    const Value two = concatenate({high, position - 256 * high}, -1);
    const int64_t batch = two.shape().rank() == 3 ? two.shape()[0] : 1;
    return with_features(k, kv_heads, reshape(two, {batch, k.shape()[1], 1, 2}));
  }
  Value value(Value v) const { return with_features(v, kv_heads, constant(*v.graph, 0)); }
  Value result(Value y) const { return narrowed(y, heads, dim); }
};

// With the matrix of all queries and keys: what attention() is where mask [batch, queries, keys] is not 0.
Value masked_attention(Value q, Value k, Value v, Value mask, const AttentionOptions& o) {
  const int64_t batch = q.shape()[0], queries = q.shape()[1], keys = k.shape()[1], dim = q.shape()[2] / o.heads;
  const auto heads_first = [&](Value x, int64_t heads) {
    Value each = transpose(reshape(x, {batch, x.shape()[1], heads, dim}), {0, 2, 1, 3});
    if (heads < o.heads) {
      const int64_t times = o.heads / heads, length = x.shape()[1];
      each = broadcast_to(reshape(each, {batch, heads, 1, length, dim}), {batch, heads, times, length, dim});
    }
    return reshape(each, {batch * o.heads, x.shape()[1], dim});
  };
  Value scores = batched_matmul(heads_first(q, o.heads), heads_first(k, o.kv_heads));
  scores = reshape(scores * (1 / std::sqrt(static_cast<double>(dim))), {batch, o.heads, queries, keys});
  Value seen = minimum(abs(as_f32(mask)), 1);
  seen = reshape(where(seen > 0, 1, 0), {batch, 1, queries, keys});
  if (o.causal) seen = seen * (reshape(iota(*q.graph, queries), {queries, 1}) >= iota(*q.graph, keys));
  // A query that sees nothing gives 0.
  Value shares = softmax(where(seen, scores, -1e30)) * seen;
  if (o.dropout > 0) shares = shares * where(o.random < o.dropout, 0, 1 / (1 - o.dropout));
  const Value y = batched_matmul(reshape(shares, {batch * o.heads, queries, keys}),
                                 transpose(heads_first(v, o.kv_heads), {0, 2, 1}));
  return reshape(transpose(reshape(y, {batch, o.heads, queries, dim}), {0, 2, 1, 3}), {batch, queries, -1});
}

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

}  // namespace

Value AttentionPart::build(Builder& b, std::span<const Value> inputs) const {
  const Seen seen = told_apart(inputs);
  const Value x = seen.sequences[0], memory = seen.sequences.size() > 1 ? seen.sequences[1] : x,
              valued = seen.sequences.size() > 2 ? seen.sequences[2] : memory;
  const int64_t features = x.shape()[2], kv_heads = num_kv_heads.value_or(num_heads);
  if (!head_dim && features % num_heads != 0) {
    throw ShapeError(concat("cannot divide ", features, " features among ", num_heads, " heads"),
                     "set num_heads to a divisor, or head_dim");
  }
  if (memory.shape()[1] != valued.shape()[1])
    throw ShapeError(
        concat("expected as many values as keys, got ", memory.shape()[1], " keys and ", valued.shape()[1], " values"));
  const int64_t dim = head_dim.value_or(features / num_heads), q = times(num_heads, dim), k = times(kv_heads, dim);
  const int64_t of_values = value_dim.value_or(dim), v = times(kv_heads, of_values), wide = std::max(dim, of_values);
  const int64_t kv = plus(k, v), all_rows = plus(q, kv), made = times(num_heads, of_values);
  const auto xavier = [](int64_t in, int64_t out) {
    return uniform_initializer(std::sqrt(6.0 / static_cast<double>(plus(in, out))));
  };
  const auto uniform = uniform_initializer(1 / std::sqrt(static_cast<double>(made)));
  const auto zero = constant_initializer(0);

  // Keys or values of other features have weights of their own, as in PyTorch.
  const bool together = memory.shape()[2] == features && valued.shape()[2] == features;
  Value weight;
  if (together) weight = b.parameter("in_proj_weight", {all_rows, features}, init ? init : xavier(features, all_rows));
  const auto own_weight = [&](const std::string& name, Value from, int64_t rows) {
    const int64_t in = from.shape()[2];
    return b.parameter(name, {rows, in}, init ? init : xavier(in, rows));
  };
  Value q_weight, k_weight, v_weight;
  if (!together) {
    q_weight = own_weight("q_proj_weight", x, q);
    k_weight = own_weight("k_proj_weight", memory, k);
    v_weight = own_weight("v_proj_weight", valued, v);
  }
  const Value shift = bias ? b.parameter("in_proj_bias", {all_rows}, zero) : Value{};
  // Rows of the weight: those of the queries before those of the keys and of the values.
  const auto project = [&](Value from, int64_t row, int64_t rows) {
    const bool all = rows == all_rows;
    const Value own = row < q ? q_weight : row < q + k ? k_weight : v_weight;
    const Value w = !together ? own : all ? weight : view(reshape(weight, {-1}), row * features, {rows, features});
    const Value y = matmul(from, w, false, true);
    return bias ? y + (all ? shift : view(shift, row, {rows})) : y;
  };
  AttentionOptions options{.heads = num_heads, .kv_heads = kv_heads, .causal = causal, .lengths = seen.lengths};
  const Decoding* decoding = b.decoding();
  const bool itself = seen.sequences.size() == 1;
  if (decoding && (!causal || inputs.size() > 1)) {
    throw ShapeError("attention that is not causal looks at all positions, so that none can be had by itself",
                     "write causal: true, and train again");
  }
  const auto positions = [&](Value of) {
    return decoding ? reshape(as_f32(decoding->position), {of.shape()[0], 1, 1})
                    : reshape(iota(b.graph(), of.shape()[1]), {of.shape()[1], 1});
  };
  const Alibi slopes{.heads = num_heads, .kv_heads = kv_heads, .dim = dim};
  const auto queries = [&](Value from) {
    Value y = project(from, 0, q);
    if (rotary) y = rotary->turn(y, num_heads, positions(from));
    if (wide > dim) y = y * std::sqrt(static_cast<double>(wide) / static_cast<double>(dim));  // the scale is of `wide`
    return alibi ? slopes.query(y) : widened(y, num_heads, wide);
  };
  const auto keys = [&](Value from) {
    Value y = project(from, q, k);
    if (rotary) y = rotary->turn(y, kv_heads, positions(from));
    return alibi ? slopes.key(y, positions(from)) : widened(y, kv_heads, wide);
  };
  const auto values = [&](Value from) {
    const Value y = project(from, q + k, v);
    return alibi ? slopes.value(y) : widened(y, kv_heads, wide);
  };
  const bool apart = rotary || alibi || of_values != dim;  // each made of a product of its own
  std::vector<Value> tensors;
  if (decoding) {
    const auto cached = [&](const std::string& name, Value now) {
      const Value before = b.carried(name, {x.shape()[0], decoding->length, now.shape()[2]});
      const Value after = write_rows(before, now, decoding->position);
      b.carry(name, after);
      return after;
    };
    if (apart)
      tensors = {queries(x), cached("keys", keys(x)), cached("values", values(x))};
    else
      tensors = {project(x, 0, q), cached("cache", project(x, q, kv))};
    options.causal = false;
    options.lengths = decoding->count;
  } else if (itself && !apart && !seen.mask) {
    tensors = {project(x, 0, all_rows)};
  } else if (together && memory == valued && !apart && !seen.mask) {
    tensors = {project(x, 0, q), project(memory, q, kv)};
  } else {
    tensors = {queries(x), keys(memory), values(valued)};
  }
  if (b.training() && dropout > 0) {
    options.dropout = dropout;
    options.random = b.random({x.shape()[0], num_heads, x.shape()[1], memory.shape()[1]});
  }
  Value heads;
  if (seen.mask) {
    const Shape wanted{x.shape()[0], x.shape()[1], memory.shape()[1]};
    if (seen.mask.shape() != wanted)
      throw ShapeError(concat("expected a mask ", wanted.without_batch().text(), ", queries by keys, got shape ",
                              seen.mask.shape().without_batch().text()));
    if (seen.lengths || alibi)
      throw ShapeError(concat("expected a mask without ", alibi ? "alibi" : "lengths"), "put them into the mask");
    heads = masked_attention(tensors[0], tensors[1], tensors[2], seen.mask, options);
  } else {
    heads = attention(std::move(tensors), options);
  }
  heads = alibi ? slopes.result(heads) : narrowed(heads, num_heads, of_values);
  const Value y =
      matmul(heads, b.parameter("out_proj.weight", {features, made}, out_init ? out_init : uniform), false, true);
  return bias ? y + b.parameter("out_proj.bias", {features}, zero) : y;
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

Value linear_part(Builder& b, Value x, int64_t out_features, bool bias) {
  const int64_t in = x.shape().last();
  const auto pytorch = uniform_initializer(1.0 / std::sqrt(static_cast<double>(in)));
  const Value y = matmul(x, b.parameter("weight", {out_features, in}, pytorch), false, true);
  return bias ? y + b.parameter("bias", {out_features}, pytorch) : y;
}

Value layer_norm_part(Builder& b, Value x, double eps, bool bias) {
  const int64_t features = x.shape().last();
  const Value centered = x - mean(x, {-1});
  const Value y = centered * rsqrt(mean(centered * centered, {-1}) + eps) *
                  b.parameter("weight", {features}, constant_initializer(1));
  return bias ? y + b.parameter("bias", {features}, constant_initializer(0)) : y;
}

Value dropout_part(Builder& b, Value x, double p) { return dropped(b, x, p, x.shape()); }

}  // namespace dl
