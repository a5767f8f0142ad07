// Attention on the CPU. Forward, blocks of queries of the heads that share a head of keys are taken by whichever thread
// is free; backward, all queries of such heads, so that what adds up at a key adds up in one order.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/attention.h"
#include "lib/base/division.h"

#include <algorithm>
#include <atomic>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/attention.h"

namespace dl {
namespace {

constexpr int64_t block_queries = 256;  // of all heads of a group: packing their keys costs little beside them

// Where the heads of a work item lie, in forward's inputs.
class Heads {
 public:
  Heads(const AttentionOp::Spec& spec, std::span<const Type> tensors, const CpuDevice& device)
      : spec_(spec),
        parts_(spec.parts(tensors)),
        bf16_(tensors[0].dtype == DType::bf16),
        kernels_(bf16_ ? DL_FOR_BF16(device.isa(), device.bf16_unit(), bf16_attention_kernels)
                       : DL_FOR_ISA(device.isa(), attention_kernels)),
        random_(DL_FOR_ISA(device.isa(), loop_fills).random) {}

  int64_t groups() const { return parts_.batch * spec_.kv_heads; }
  const AttentionParts& parts() const { return parts_; }
  const AttentionKernels& kernels() const { return kernels_; }

  AttentionHeads shape() const {
    AttentionHeads h;
    h.group = spec_.heads / spec_.kv_heads;
    h.queries = parts_.queries;
    h.keys = h.visible = parts_.keys;
    h.head_dim = parts_.head_dim;
    h.causal = spec_.causal;
    h.scale = static_cast<float>(spec_.scale);
    h.dropout = static_cast<float>(spec_.dropout);
    h.key = spec_.key;
    h.random = random_;
    h.q_row = parts_.q.stride;
    h.k_row = parts_.k.stride;
    h.v_row = parts_.v.stride;
    h.y_row = spec_.heads * parts_.head_dim;
    return h;
  }

  AttentionHeads group(int64_t index, std::span<void* const> in, void* y, void* log_sums) const {
    AttentionHeads h = shape();
    const int64_t b = index / spec_.kv_heads, head = index % spec_.kv_heads;
    h.q = q(index, in);
    h.k = k(index, in);
    h.v = v(index, in);
    h.y = at(y, b * h.queries * h.y_row + head * h.group * h.head_dim);
    h.log_sums = static_cast<float*>(log_sums) + index * h.group * h.queries;
    size_t next = static_cast<size_t>(spec_.tensors);
    if (spec_.lengths) {
      h.visible = std::clamp<int64_t>(static_cast<const int32_t*>(in[next++])[b], 0, h.keys);
    }
    if (spec_.dropout > 0) h.step = static_cast<uint64_t>(*static_cast<const int32_t*>(in[next]));
    h.first_random = index * h.group * h.queries * h.keys;
    return h;
  }

  void* q(int64_t index, std::span<void* const> tensors) const {
    return part(parts_.q, parts_.queries, spec_.heads / spec_.kv_heads, index, tensors);
  }
  void* k(int64_t index, std::span<void* const> tensors) const {
    return part(parts_.k, parts_.keys, 1, index, tensors);
  }
  void* v(int64_t index, std::span<void* const> tensors) const {
    return part(parts_.v, parts_.keys, 1, index, tensors);
  }
  void* at(void* tensor, int64_t element) const { return static_cast<char*>(tensor) + element * (bf16_ ? 2 : 4); }

 private:
  void* part(const AttentionParts::Part& p, int64_t positions, int64_t heads, int64_t index,
             std::span<void* const> tensors) const {
    const int64_t b = index / spec_.kv_heads, head = index % spec_.kv_heads * heads;
    return at(tensors[p.tensor], b * positions * p.stride + p.offset + head * parts_.head_dim);
  }

  const AttentionOp::Spec spec_;
  const AttentionParts parts_;
  const bool bf16_;
  const AttentionKernels& kernels_;
  const decltype(LoopFills::random) random_;
};

class Attention final : public Kernel {
 public:
  Attention(const AttentionOp::Spec& spec, std::span<const Type> tensors, CpuDevice& device)
      : heads_(spec, tensors, device), team_(device.team()) {
    const AttentionHeads h = heads_.shape();
    block_ = std::min(h.queries, std::max<int64_t>(block_queries / h.group, 1));
    floats_ = heads_.kernels().forward_floats(h, block_);
    workspace_at_ = plan_.floats(floats_ * team_.size());
  }
  int64_t scratch_bytes() const override { return plan_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const int64_t queries = heads_.parts().queries, blocks = ceil_div(queries, block_);
    const int64_t items = heads_.groups() * blocks;
    next_ = 0;
    team_.run([&](int thread) {
      float* workspace = floats_at(scratch, workspace_at_) + thread * floats_;
      for (int64_t item = next_++, next = 0; item < items; item = next) {
        next = next_++;
        // The last queries first: where attention is causal they see the most.
        const int64_t begin = (blocks - 1 - item / heads_.groups()) * block_;
        AttentionHeads h = heads_.group(item % heads_.groups(), in, out[0], out[1]);
        const AttentionHeads after = heads_.group(next % heads_.groups(), in, out[0], out[1]);
        if (next < items) h.next = &after;
        heads_.kernels().forward(h, begin, std::min(begin + block_, queries), workspace);
      }
    });
  }

 private:
  const Heads heads_;
  ThreadTeam& team_;
  ScratchPlan plan_;
  int64_t block_ = 1, floats_ = 0, workspace_at_ = 0;
  std::atomic<int64_t> next_{0};
};

class AttentionBackward final : public Kernel {
 public:
  AttentionBackward(const AttentionOp::Spec& spec, std::span<const Type> tensors, CpuDevice& device)
      : heads_(spec, tensors, device), team_(device.team()) {
    floats_ = heads_.kernels().backward_floats(heads_.shape());
    workspace_at_ = plan_.floats(floats_ * team_.size());
  }
  int64_t scratch_bytes() const override { return plan_.size_bytes(); }

  void run(std::span<void* const> all, std::span<void* const> out, void* scratch) override {
    const std::span<void* const> in = all.subspan(3);
    next_ = 0;
    team_.run([&](int thread) {
      float* workspace = floats_at(scratch, workspace_at_) + thread * floats_;
      for (int64_t i = next_++, next = 0; i < heads_.groups(); i = next) {
        next = next_++;
        AttentionHeads h = heads_.group(i, in, all[1], all[2]);
        AttentionSlopes slopes{
            .dy = as_y(all[0], h, all[1]), .dq = heads_.q(i, out), .dk = heads_.k(i, out), .dv = heads_.v(i, out)};
        const AttentionHeads after = heads_.group(next % heads_.groups(), in, all[1], all[2]);
        if (next < heads_.groups()) {
          h.next = &after;
          slopes.next_dy = as_y(all[0], after, all[1]);
        }
        heads_.kernels().backward(h, slopes, workspace);
      }
    });
  }

 private:
  // Where dy lies as h.y does in y.
  static const void* as_y(const void* dy, const AttentionHeads& h, const void* y) {
    return static_cast<const char*>(dy) + (static_cast<const char*>(h.y) - static_cast<const char*>(y));
  }

  const Heads heads_;
  ThreadTeam& team_;
  ScratchPlan plan_;
  int64_t floats_ = 0, workspace_at_ = 0;
  std::atomic<int64_t> next_{0};
};

std::unique_ptr<Kernel> make_attention(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                       CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<Attention>(dynamic_cast<const AttentionOp&>(op).spec, inputs, device);
}

std::unique_ptr<Kernel> make_attention_grad(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                            CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<AttentionBackward>(dynamic_cast<const AttentionGrad&>(op).spec, inputs.subspan(3), device);
}

DL_CPU_KERNEL("attention", make_attention);
DL_CPU_KERNEL("attention_grad", make_attention_grad);

}  // namespace
}  // namespace dl
