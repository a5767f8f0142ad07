// Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762): of each head, y = softmax(scale q k^T) v. The
// matrix of probabilities is never stored: its logarithmic sums are, from which the gradient makes it again (Dao et al.
// 2022, arXiv:2205.14135).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

// Where q, k and v of a head lie, and the sizes that follow from the types.
struct AttentionParts {
  struct Part {
    size_t tensor = 0;   // which of the tensors
    int64_t offset = 0;  // of the first head's first element within a position
    int64_t stride = 0;  // elements from one position to the next
  };
  Part q, k, v;
  int64_t batch = 0, queries = 0, keys = 0, head_dim = 0;
};

struct AttentionOp final : Op {
  // What every kernel must know.
  struct Spec {
    int tensors = 1;  // 1: qkv [batch, length, (heads + 2 kv_heads) head_dim]; 2: q and kv; 3: q, k and v
    int64_t heads = 1, kv_heads = 1;
    bool causal = false, lengths = false;
    double scale = 1, dropout = 0;
    uint64_t key = 0;  // of the random numbers
    std::string text() const;
    AttentionParts parts(std::span<const Type> tensors) const;
    double products(const AttentionParts& p) const;  // of a query and a key
  };

  // inputs: the tensors, f32 or bf16, all alike; lengths i32 [batch] if `lengths`; step i32 [] if `dropout` > 0.
  // outputs: y [batch, queries, heads head_dim] of the tensors' type, and f32 [batch, heads, queries], the logarithm of
  // the sum of exp(scale q k). A query that sees no key gives 0 and -infinity. Element [b, h, i, j] of the
  // probabilities is dropped where random_uniform(key, step, its index in [batch, heads, queries, keys]) < dropout.
  explicit AttentionOp(Spec spec) : spec(spec) {}
  std::string_view name() const override { return "attention"; }
  std::string attributes() const override { return spec.text(); }
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  Narrow narrow(std::span<const Type>) const override { return Narrow::moves; }
  const Spec spec;
};

// The gradient of each tensor.
struct AttentionGrad final : Op {  // inputs: dy, y, the logarithmic sums, then those of the attention
  explicit AttentionGrad(AttentionOp::Spec spec) : spec(spec) {}
  std::string_view name() const override { return "attention_grad"; }
  std::string attributes() const override { return spec.text(); }
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  Narrow narrow(std::span<const Type>) const override { return Narrow::moves; }
  bool narrows(size_t input) const override { return input != 2; }
  const AttentionOp::Spec spec;
};

}  // namespace dl
