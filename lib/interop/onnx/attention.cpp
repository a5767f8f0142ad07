// Attention in ONNX's elementary operations: heads apart, products, the softmax, and together again.
// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <numeric>

#include "lib/graph/ops/attention.h"
#include "lib/interop/onnx/rows.h"

namespace dl::onnx {
namespace {

std::vector<float> counted(int64_t n) {
  std::vector<float> values(static_cast<size_t>(n));
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

}  // namespace

void write_attention(Writer& w, const Step& step) {
  const AttentionOp::Spec& spec = dynamic_cast<const AttentionOp&>(*step.node->op).spec;
  std::vector<Type> types;
  std::vector<std::string> tensors;
  for (int i = 0; i < spec.tensors; ++i) {
    const Value& v = step.inputs[static_cast<size_t>(i)];
    types.push_back(v.type());
    tensors.push_back(w.as_is(v));
  }
  const AttentionParts parts = spec.parts(types);
  // [batch, heads, length, head_dim], those of keys and values repeated for the queries that they serve.
  const auto heads_of = [&](const AttentionParts::Part& part, int64_t heads, int64_t length, bool keys_last) {
    const int64_t width = heads * parts.head_dim;
    std::string x = tensors[part.tensor];
    if (width != part.stride)
      x = w.add("Slice", {x, w.ints({part.offset}), w.ints({part.offset + width}), w.ints({2})});
    x = w.add("Reshape", {x, w.ints({w.open().is_open() ? -1 : parts.batch, length, heads, parts.head_dim})});
    x = w.add("Transpose", {x},
              {{"perm", keys_last ? std::vector<int64_t>{0, 2, 3, 1} : std::vector<int64_t>{0, 2, 1, 3}}});
    const int64_t times = spec.heads / heads;
    if (times == 1) return x;
    const int64_t rows = keys_last ? parts.head_dim : length, columns = keys_last ? length : parts.head_dim;
    x = w.add("Unsqueeze", {x, w.ints({2})});
    x = w.add("Expand", {x, w.ints({1, 1, times, 1, 1})});
    return w.add("Reshape", {x, w.ints({w.open().is_open() ? -1 : parts.batch, spec.heads, rows, columns})});
  };
  const std::string q = heads_of(parts.q, spec.heads, parts.queries, false),
                    k = heads_of(parts.k, spec.kv_heads, parts.keys, true),
                    v = heads_of(parts.v, spec.kv_heads, parts.keys, false);
  std::string scores = w.add("Mul", {w.add("MatMul", {q, k}), w.number(spec.scale)}), seen;
  const auto see = [&](const std::string& more) { seen = seen.empty() ? more : w.add("And", {seen, more}); };
  const std::string keys = spec.causal || spec.lengths ? w.numbers("keys", counted(parts.keys), {parts.keys}) : "";
  if (spec.causal) see(w.add("LessOrEqual", {keys, w.numbers("queries", counted(parts.queries), {parts.queries, 1})}));
  if (spec.lengths) {
    const Value& lengths = step.inputs[static_cast<size_t>(spec.tensors)];
    see(w.add("Less", {keys, w.add("Unsqueeze", {w.as_float(lengths, as_it_is(1)), w.ints({1, 2, 3})})}));
  }
  if (!seen.empty()) scores = w.add("Where", {seen, scores, w.number(std::numeric_limits<float>::lowest())});
  std::string shares = w.add("Softmax", {scores}, {{"axis", int64_t{-1}}});
  if (spec.lengths) shares = w.add("Where", {seen, shares, w.number(0)});  // a query may see nothing
  std::string y = w.add("Transpose", {w.add("MatMul", {shares, v})}, {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
  y = w.add("Reshape", {y, w.sizes_for_reshape(step.outputs[0].shape())});
  w.hold(step.outputs[0], y);
}

}  // namespace dl::onnx
