// Attention and its gradient.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/attention.h"

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/sizes.h"

namespace dl {

std::string AttentionOp::Spec::text() const {
  std::string out = concat(tensors, " heads ", heads, " ", kv_heads, " scale ", scale);
  if (causal) out += " causal";
  if (lengths) out += " lengths";
  if (dropout > 0) out += concat(" dropout ", dropout, " ", key);
  return out;
}

AttentionParts AttentionOp::Spec::parts(std::span<const Type> types) const {
  const Shape &first = types[0].shape, &last = types[static_cast<size_t>(tensors) - 1].shape;
  AttentionParts p;
  p.batch = first[0];
  p.queries = first[1];
  p.keys = last[1];
  const int64_t widths = tensors == 1 ? plus(heads, times(2, kv_heads)) : heads;
  p.head_dim = first[2] / widths;
  const int64_t q = heads * p.head_dim, k = kv_heads * p.head_dim;
  switch (tensors) {
    case 1: p.q = {0, 0, first[2]}, p.k = {0, q, first[2]}, p.v = {0, q + k, first[2]}; break;
    case 2: p.q = {0, 0, q}, p.k = {1, 0, 2 * k}, p.v = {1, k, 2 * k}; break;
    default: p.q = {0, 0, q}, p.k = {1, 0, k}, p.v = {2, 0, k};
  }
  return p;
}

double AttentionOp::Spec::products(const AttentionParts& p) const {
  double pairs = static_cast<double>(p.queries) * static_cast<double>(p.keys);
  if (causal) {
    const double n = static_cast<double>(std::min(p.queries, p.keys));
    pairs = n * (n + 1) / 2 + (static_cast<double>(p.queries) - n) * static_cast<double>(p.keys);
  }
  return pairs * static_cast<double>(p.batch) * static_cast<double>(heads);
}

std::vector<Type> AttentionOp::infer(std::span<const Type> inputs) const {
  const size_t n = static_cast<size_t>(spec.tensors);
  const Type& first = inputs[0];
  DL_CHECK(inputs.size() == n + (spec.lengths ? 1 : 0) + (spec.dropout > 0 ? 1 : 0), inputs.size(), " inputs");
  DL_CHECK(spec.heads % spec.kv_heads == 0, spec.heads, " heads on ", spec.kv_heads);
  for (size_t i = 0; i < n; ++i) {
    DL_CHECK(inputs[i].shape.rank() == 3 && inputs[i].dtype == first.dtype && inputs[i].shape[0] == first.shape[0],
             "tensor ", i, " is ", name_of(inputs[i].dtype), " ", inputs[i].shape.text());
  }
  const AttentionParts p = spec.parts(inputs);
  const int64_t q = spec.heads * p.head_dim, k = spec.kv_heads * p.head_dim;
  const Shape& last = inputs[n - 1].shape;
  const bool fits = n == 1   ? first.shape[2] == q + 2 * k
                    : n == 2 ? first.shape[2] == q && last[2] == 2 * k
                             : first.shape[2] == q && last[2] == k && inputs[1].shape == last;
  DL_CHECK(fits && p.head_dim > 0, attributes(), " of ", first.shape.text(), " and ", last.text());
  if (spec.lengths) DL_CHECK((inputs[n] == Type{DType::i32, {p.batch}}), "lengths ", inputs[n].shape.text());
  return {Type{first.dtype, {p.batch, p.queries, q}}, Type{DType::f32, {p.batch, spec.heads, p.queries}}};
}

std::vector<Value> AttentionOp::gradient(const Backward& b) const {
  Graph& g = *b.inputs[0].graph;
  std::vector<Value> inputs{cast(b.gradients[0], b.outputs[0].type().dtype), b.outputs[0], b.outputs[1]};
  inputs.insert(inputs.end(), b.inputs.begin(), b.inputs.end());
  std::vector<Value> d = g.add(std::make_shared<AttentionGrad>(spec), std::move(inputs));
  d.resize(b.inputs.size());  // lengths and step have none
  return d;
}

Cost AttentionOp::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  const AttentionParts p = spec.parts(inputs);
  cost.flops = 4 * spec.products(p) * static_cast<double>(p.head_dim);
  return cost;
}

std::vector<Type> AttentionGrad::infer(std::span<const Type> inputs) const {
  const auto tensors = inputs.subspan(3, static_cast<size_t>(spec.tensors));
  return {tensors.begin(), tensors.end()};
}

// Five products, of which one is made again.
Cost AttentionGrad::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  const AttentionParts p = spec.parts(inputs.subspan(3));
  cost.flops = 8 * spec.products(p) * static_cast<double>(p.head_dim);
  return cost;
}

Value attention(std::vector<Value> tensors, const AttentionOptions& options) {
  Graph& g = *tensors.at(0).graph;
  AttentionOp::Spec spec{.tensors = static_cast<int>(tensors.size()),
                         .heads = options.heads,
                         .kv_heads = options.kv_heads,
                         .causal = options.causal,
                         .lengths = static_cast<bool>(options.lengths)};
  std::vector<Type> types;
  for (const Value& v : tensors) types.push_back(v.type());
  const AttentionParts p = spec.parts(types);
  spec.scale = 1 / std::sqrt(static_cast<double>(p.head_dim));
  if (options.lengths) tensors.push_back(options.lengths);
  if (options.dropout > 0) {
    const GraphNode& draw = g.node(options.random.node);
    const auto* uniform = dynamic_cast<const RandomUniform*>(draw.op.get());
    DL_CHECK(uniform && (uniform->shape == Shape{p.batch, spec.heads, p.queries, p.keys}), "random is ",
             draw.op->name());
    spec.dropout = options.dropout;
    spec.key = uniform->key;
    tensors.push_back(draw.inputs[0]);
  }
  return g.add(std::make_shared<AttentionOp>(spec), std::move(tensors))[0];
}

}  // namespace dl
