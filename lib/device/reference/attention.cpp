// Attention, one query and one key at a time.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lib/base/random.h"
#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

// What forward and backward share: elements by (sample, position, head, d), and which pairs there are.
struct Scene {
  Scene(const AttentionOp::Spec& spec, Types tensors)
      : spec(spec), p(spec.parts(tensors)), type(tensors[0].dtype), tensor_count(static_cast<size_t>(spec.tensors)) {}

  int64_t kv_head(int64_t h) const { return h / (spec.heads / spec.kv_heads); }
  static int64_t at(const AttentionParts::Part& part, int64_t positions, int64_t b, int64_t i, int64_t h, int64_t dim) {
    return (b * positions + i) * part.stride + part.offset + h * dim;
  }
  int64_t q(int64_t b, int64_t i, int64_t h) const { return at(p.q, p.queries, b, i, h, p.head_dim); }
  int64_t k(int64_t b, int64_t j, int64_t h) const { return at(p.k, p.keys, b, j, kv_head(h), p.head_dim); }
  int64_t v(int64_t b, int64_t j, int64_t h) const { return at(p.v, p.keys, b, j, kv_head(h), p.head_dim); }
  int64_t y(int64_t b, int64_t i, int64_t h) const { return ((b * p.queries + i) * spec.heads + h) * p.head_dim; }

  int64_t visible(Buffers x, int64_t b, int64_t i) const {
    int64_t keys = spec.causal ? std::min(i + 1, p.keys) : p.keys;
    if (spec.lengths) keys = std::min<int64_t>(keys, static_cast<const int32_t*>(x[tensor_count])[b]);
    return std::max<int64_t>(keys, 0);
  }
  // What dropout makes of probability (b, h, i, j): 0 or 1 / (1 - p).
  double kept(Buffers x, int64_t b, int64_t h, int64_t i, int64_t j) const {
    if (spec.dropout == 0) return 1;
    const auto step = static_cast<uint64_t>(*static_cast<const int32_t*>(x[tensor_count + (spec.lengths ? 1 : 0)]));
    const auto index = static_cast<uint64_t>(((b * spec.heads + h) * p.queries + i) * p.keys + j);
    return random_uniform(spec.key, step, index) < static_cast<float>(spec.dropout) ? 0 : 1 / (1 - spec.dropout);
  }
  double dot(const void* a, int64_t i, const void* b, int64_t j) const {
    double sum = 0;
    for (int64_t d = 0; d < p.head_dim; ++d) sum += double{element(a, type, i + d)} * double{element(b, type, j + d)};
    return sum;
  }

  const AttentionOp::Spec spec;
  const AttentionParts p;
  const DType type;
  const size_t tensor_count;
};

template <class F>
void each_query(const Scene& s, F f) {
  for (int64_t b = 0; b < s.p.batch; ++b)
    for (int64_t h = 0; h < s.spec.heads; ++h)
      for (int64_t i = 0; i < s.p.queries; ++i) f(b, h, i);
}

Run attention_kernel(const Op& op, Types in, Types) {
  const Scene s(static_cast<const AttentionOp&>(op).spec, in);
  return [s, sums = std::vector<double>()](Buffers x, Buffers out) mutable {
    sums.resize(static_cast<size_t>(s.p.head_dim));  // not before: sizes may be absurd while a step is only planned
    each_query(s, [&](int64_t b, int64_t h, int64_t i) {
      const int64_t keys = s.visible(x, b, i);
      const auto score = [&](int64_t j) {
        return s.spec.scale * s.dot(x[s.p.q.tensor], s.q(b, i, h), x[s.p.k.tensor], s.k(b, j, h));
      };
      double most = -std::numeric_limits<double>::infinity(), total = 0;
      for (int64_t j = 0; j < keys; ++j) most = std::max(most, score(j));
      std::fill(sums.begin(), sums.end(), 0.0);
      for (int64_t j = 0; j < keys; ++j) {
        const double e = std::exp(score(j) - most), weight = e * s.kept(x, b, h, i, j);
        total += e;
        for (int64_t d = 0; d < s.p.head_dim; ++d)
          sums[static_cast<size_t>(d)] += weight * double{element(x[s.p.v.tensor], s.type, s.v(b, j, h) + d)};
      }
      for (int64_t d = 0; d < s.p.head_dim; ++d) {
        const double y = keys > 0 ? sums[static_cast<size_t>(d)] / total : 0;
        set_element(out[0], s.type, s.y(b, i, h) + d, static_cast<float>(y));
      }
      f32(out, 1)[(b * s.spec.heads + h) * s.p.queries + i] = static_cast<float>(most + std::log(total));
    });
  };
}

Run attention_grad_kernel(const Op& op, Types in, Types out) {
  const Scene s(static_cast<const AttentionGrad&>(op).spec, in.subspan(3));
  std::vector<size_t> sizes;
  for (const Type& type : out) sizes.push_back(static_cast<size_t>(type.shape.elements()));
  return [s, sizes, sums = std::vector<std::vector<double>>(sizes.size())](Buffers all, Buffers outputs) mutable {
    const Buffers x = all.subspan(3);
    for (size_t t = 0; t < sizes.size(); ++t) sums[t].assign(sizes[t], 0.0);
    each_query(s, [&](int64_t b, int64_t h, int64_t i) {
      const double log_sum = f32(all, 2)[(b * s.spec.heads + h) * s.p.queries + i];
      const double slope = s.dot(all[0], s.y(b, i, h), all[1], s.y(b, i, h));
      for (int64_t j = 0; j < s.visible(x, b, i); ++j) {
        const int64_t q = s.q(b, i, h), k = s.k(b, j, h), v = s.v(b, j, h), y = s.y(b, i, h);
        const double p = std::exp(s.spec.scale * s.dot(x[s.p.q.tensor], q, x[s.p.k.tensor], k) - log_sum);
        const double kept = s.kept(x, b, h, i, j);
        const double dscore = s.spec.scale * p * (kept * s.dot(all[0], y, x[s.p.v.tensor], v) - slope);
        for (int64_t d = 0; d < s.p.head_dim; ++d) {
          sums[s.p.q.tensor][static_cast<size_t>(q + d)] += dscore * double{element(x[s.p.k.tensor], s.type, k + d)};
          sums[s.p.k.tensor][static_cast<size_t>(k + d)] += dscore * double{element(x[s.p.q.tensor], s.type, q + d)};
          sums[s.p.v.tensor][static_cast<size_t>(v + d)] += p * kept * double{element(all[0], s.type, y + d)};
        }
      }
    });
    for (size_t t = 0; t < sums.size(); ++t)
      for (size_t i = 0; i < sums[t].size(); ++i)
        set_element(outputs[t], s.type, static_cast<int64_t>(i), static_cast<float>(sums[t][i]));
  };
}

DL_REFERENCE_KERNEL("attention", attention_kernel);
DL_REFERENCE_KERNEL("attention_grad", attention_grad_kernel);

}  // namespace

}  // namespace dl::reference
