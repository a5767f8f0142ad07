// A linear layer and its cross-entropy on the CPU, by chunks of rows, of which each holds its logits transposed: the
// rows of the weight, as they lie in memory, are the left factor of the logits' product and the result's rows of its
// gradient's, and what is packed is the chunk of x, which is small. A block of classes goes through its part of the
// softmax while it is in cache; a second pass over the blocks, once the sums of all are known, makes the gradients.
//
// The classes are cut into groups by the shapes only; each group adds its part to the gradient of x in a place of its
// own, and these are added in order: the bits do not depend on the number of threads.
//
// With bf16, x and the weight are multiplied as they are, and the gradient of the logits is rounded before its
// products.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "lib/base/division.h"
#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/gemm_blocks.h"
#include "lib/device/cpu/linear_cross_entropy_plan.h"
#include "lib/device/cpu/product.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/cross_entropy.h"
#include "lib/device/cpu/simd/loop.h"
#include "lib/graph/ops/cross_entropy.h"

namespace dl {
namespace {

constexpr int64_t line = 16;  // floats of a cache line

// T: of x and the weight, float or uint16_t for bf16.
template <class T>
class LinearCrossEntropyKernel final : public Kernel {
 public:
  LinearCrossEntropyKernel(const LinearCrossEntropy& op, const Shape& x, const Shape& weight, CpuDevice& device)
      : smoothing_(static_cast<float>(op.smoothing)),
        with_bias_(op.with_bias),
        with_gradient_(op.with_gradient),
        device_(device),
        gemm_(gemm_kernels_of<T>(device)),
        kernels_(DL_FOR_ISA(device.isa(), cross_entropy_kernels)),
        p_(plan_linear_cross_entropy(x[0], x[1], weight[0])) {
    const int64_t all_blocks = p_.groups * p_.blocks, block = p_.largest_block(), team = device.team().size();
    const auto blocks = [&](int64_t rows, int64_t columns, int64_t depth, bool turned) {
      GemmOf<T> g{.rows = rows, .columns = columns, .depth = depth};
      g.a_row = turned ? 1 : depth;
      g.a_depth = turned ? p_.stride : 1;
      return best_blocks(g, device.machine(), device.isa());
    };
    logits_blocks_ = blocks(block, p_.chunk_rows, p_.features, false);
    of_weight_blocks_ = blocks(block, p_.features, p_.chunk_rows, false);
    of_x_blocks_ = blocks(p_.chunk_rows, p_.features, block, true);
    turned_at_ = scratch_.floats(gemm_.packed_floats(p_.chunk_rows, p_.features));
    logits_at_ = scratch_.floats((with_gradient_ ? p_.classes : team * block) * p_.stride);
    largest_at_ = scratch_.floats(all_blocks * p_.stride);
    exp_sum_at_ = scratch_.floats(all_blocks * p_.stride);
    sum_at_ = scratch_.floats(all_blocks * p_.stride);
    hit_at_ = scratch_.floats(p_.stride);
    log_sum_at_ = scratch_.floats(p_.stride);
    if (!with_gradient_) return;
    less_at_ = scratch_.floats(p_.stride);
    packed_at_ = scratch_.floats(gemm_.packed_floats(p_.features, p_.chunk_rows));
    parts_at_ = scratch_.floats(p_.groups * p_.chunk_rows * p_.features);
    d_bias_at_ = scratch_.floats(p_.classes);
    workspace_floats_ = round_up(gemm_.workspace(p_.features, block, of_x_blocks_), line);
    workspace_at_ = scratch_.floats(workspace_floats_ * team);
    if (!std::is_same_v<T, float>) {
      narrow_floats_ = round_up(block * p_.stride, 2 * line) / 2;
      narrow_at_ = scratch_.floats(narrow_floats_ * team);
    }
  }

  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    Run r;
    r.x = static_cast<const T*>(in[0]);
    r.weight = static_cast<const T*>(in[1]);
    r.hits = static_cast<const int32_t*>(in[2]);
    if (with_bias_) r.bias = static_cast<const float*>(in[3]);
    r.losses = static_cast<float*>(out[0]);
    if (with_gradient_) {
      r.d = static_cast<const float*>(in[with_bias_ ? 4 : 3]);
      r.dx = static_cast<float*>(out[1]);
      r.d_weight = static_cast<float*>(out[2]);
      r.d_bias = with_bias_ ? static_cast<float*>(out[3]) : floats_at(scratch, d_bias_at_);
    }
    r.scratch = scratch;
    for (int64_t first = 0; first < p_.rows; first += p_.chunk_rows) {
      r.first = first;
      r.rows = std::min(p_.chunk_rows, p_.rows - first);
      run_chunk(r);
    }
  }

 private:
  struct Run {
    const T *x = nullptr, *weight = nullptr;
    const float *bias = nullptr, *d = nullptr;
    const int32_t* hits = nullptr;
    float *losses = nullptr, *dx = nullptr, *d_weight = nullptr, *d_bias = nullptr;
    void* scratch = nullptr;
    int64_t first = 0, rows = 0;  // of the chunk
  };

  // f(classes, number of the block) for each block of the groups of a thread.
  template <class F>
  void for_each_block(int thread, F f) const {
    const Range mine = split(p_.groups, device_.team().size(), thread);
    for (int64_t g = mine.begin; g < mine.end; ++g) {
      for (int64_t b = 0; b < p_.blocks; ++b) {
        const Range block = p_.block(g, b);
        if (!block.empty()) f(block, g, b);
      }
    }
  }

  void run_chunk(const Run& r) {
    ThreadTeam& team = device_.team();
    team.run([&](int thread) { pack(r, thread); });
    team.run([&](int thread) {
      for_each_block(thread, [&](Range c, int64_t g, int64_t b) { forward(r, thread, c, g * p_.blocks + b); });
    });
    team.run([&](int thread) { finish_losses(r, split(r.rows, team.size(), thread, line)); });
    if (!with_gradient_) return;
    team.run([&](int thread) {
      for_each_block(thread, [&](Range c, int64_t g, int64_t b) { backward(r, thread, c, g, b); });
    });
    team.run([&](int thread) { add_parts(r, split(r.rows * p_.features, team.size(), thread, line)); });
  }

  GemmOf<T> turned(const Run& r) const {  // x transposed, as the right factor
    GemmOf<T> g;
    g.b = r.x + r.first * p_.features;
    g.b_depth = 1;
    g.b_column = p_.features;
    g.columns = r.rows;
    g.depth = p_.features;
    return g;
  }
  GemmOf<T> straight(const Run& r) const {  // x, as the right factor
    GemmOf<T> g = turned(r);
    std::swap(g.b_depth, g.b_column);
    std::swap(g.columns, g.depth);
    return g;
  }

  void pack(const Run& r, int thread) const {
    const auto mine = [&](int64_t columns) { return split(columns, device_.team().size(), thread, gemm_.pack_unit); };
    const Range rows = mine(r.rows), features = mine(p_.features);
    if (!rows.empty()) gemm_.pack(turned(r), rows.begin, rows.end, floats_at(r.scratch, turned_at_));
    if (with_gradient_ && !features.empty())
      gemm_.pack(straight(r), features.begin, features.end, floats_at(r.scratch, packed_at_));
  }

  // The block's logits; of each row the largest and the sums; and exp(x - largest) in their place.
  void forward(const Run& r, int thread, Range c, int64_t block) const {
    const int64_t count = c.end - c.begin;
    const int64_t own = p_.largest_block();
    float* logits = floats_at(r.scratch, logits_at_) + (with_gradient_ ? c.begin : thread * own) * p_.stride;
    GemmOf<T> g = turned(r);
    g.a = r.weight + c.begin * p_.features;
    g.a_row = p_.features;
    g.rows = count;
    g.rows_after = std::min(count, p_.classes - c.end);
    g.c = logits;
    g.c_row = p_.stride;
    g.blocks = logits_blocks_;
    gemm_.multiply_packed(g, floats_at(r.scratch, turned_at_));
    float* hit = floats_at(r.scratch, hit_at_);
    for (int64_t row = 0; row < r.rows; ++row) {
      const int64_t t = r.hits[r.first + row];
      if (t < c.begin || t >= c.end) continue;
      hit[row] = logits[(t - c.begin) * p_.stride + row] + (with_bias_ ? r.bias[t] : 0);
    }
    const int64_t at = block * p_.stride;
    kernels_.block(logits, p_.stride, count, r.rows, with_bias_ ? r.bias + c.begin : nullptr,
                   floats_at(r.scratch, largest_at_) + at, floats_at(r.scratch, exp_sum_at_) + at,
                   floats_at(r.scratch, sum_at_) + at);
  }

  bool is_empty(int64_t block) const { return p_.block(block / p_.blocks, block % p_.blocks).empty(); }

  // What the blocks found, put together: the losses; for the gradient, what remains to be multiplied with each block.
  void finish_losses(const Run& r, Range rows) const {
    const float* largest = floats_at(r.scratch, largest_at_);
    float *exp_sum = floats_at(r.scratch, exp_sum_at_), *log_sum = floats_at(r.scratch, log_sum_at_);
    const float *sum = floats_at(r.scratch, sum_at_), *hit = floats_at(r.scratch, hit_at_);
    const int64_t blocks = p_.groups * p_.blocks;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      float most = largest[row];
      for (int64_t b = 1; b < blocks; ++b) {
        if (!is_empty(b)) most = largest[b * p_.stride + row] > most ? largest[b * p_.stride + row] : most;
      }
      double exps = 0, all = 0;
      for (int64_t b = 0; b < blocks; ++b) {
        if (is_empty(b)) continue;
        exps += double{exp_sum[b * p_.stride + row]} * std::exp(double{largest[b * p_.stride + row]} - double{most});
        all += sum[b * p_.stride + row];
      }
      log_sum[row] = most + static_cast<float>(std::log(exps));
      const int64_t t = r.hits[r.first + row];
      const float at_hit = t >= 0 && t < p_.classes ? (1 - smoothing_) * hit[row] : 0;
      float& loss = r.losses[r.first + row];
      loss = log_sum[row] - at_hit;
      if (smoothing_ > 0) loss -= smoothing_ * static_cast<float>(all / static_cast<double>(p_.classes));
    }
    if (!with_gradient_ || rows.empty()) return;
    const int64_t count = rows.end - rows.begin;
    float* less = floats_at(r.scratch, less_at_);
    for (int64_t row = rows.begin; row < rows.end; ++row)
      less[row] = r.d[r.first + row] * smoothing_ / static_cast<float>(p_.classes);
    for (int64_t b = 0; b < blocks; ++b) {
      float* scale = exp_sum + b * p_.stride + rows.begin;  // takes the place of the sums
      std::copy_n(r.d + r.first + rows.begin, count, scale);
      if (!is_empty(b)) kernels_.rescale(scale, largest + b * p_.stride + rows.begin, log_sum + rows.begin, count);
    }
  }

  // The gradient of the block's logits, in their place, and what follows from it while it is in cache.
  void backward(const Run& r, int thread, Range c, int64_t group, int64_t block) const {
    const int64_t count = c.end - c.begin;
    const bool later = r.first > 0;
    float* d = floats_at(r.scratch, logits_at_) + c.begin * p_.stride;
    kernels_.block_grad(d, p_.stride, count, r.rows,
                        floats_at(r.scratch, exp_sum_at_) + (group * p_.blocks + block) * p_.stride,
                        floats_at(r.scratch, less_at_), r.d_bias + c.begin, later);
    for (int64_t row = 0; row < r.rows; ++row) {
      const int64_t t = r.hits[r.first + row];
      if (t < c.begin || t >= c.end) continue;
      const float at_hit = (1 - smoothing_) * r.d[r.first + row];
      d[(t - c.begin) * p_.stride + row] -= at_hit;
      r.d_bias[t] -= at_hit;
    }
    const T* factor = as_factor(d, count, thread, r.scratch);
    GemmOf<T> of_weight = straight(r);
    of_weight.a = factor;
    of_weight.a_row = p_.stride;
    of_weight.rows = count;
    of_weight.c = r.d_weight + c.begin * p_.features;
    of_weight.c_row = p_.features;
    of_weight.accumulate = later;
    of_weight.blocks = of_weight_blocks_;
    gemm_.multiply_packed(of_weight, floats_at(r.scratch, packed_at_));
    GemmOf<T> of_x;
    of_x.a = factor;
    of_x.a_row = 1;
    of_x.a_depth = p_.stride;
    of_x.b = r.weight + c.begin * p_.features;
    of_x.b_depth = p_.features;
    of_x.b_column = 1;
    of_x.c = floats_at(r.scratch, parts_at_) + group * p_.chunk_rows * p_.features;
    of_x.c_row = p_.features;
    of_x.rows = r.rows;
    of_x.columns = p_.features;
    of_x.depth = count;
    of_x.accumulate = block > 0;
    of_x.blocks = of_x_blocks_;
    gemm_.multiply(of_x, floats_at(r.scratch, workspace_at_) + thread * workspace_floats_);
  }

  // The gradient of a block's logits as products take it.
  const T* as_factor(const float* d, int64_t count, int thread, void* scratch) const {
    if constexpr (std::is_same_v<T, float>) {
      return d;
    } else {
      T* narrow = reinterpret_cast<T*>(floats_at(scratch, narrow_at_) + thread * narrow_floats_);
      DL_FOR_ISA(device_.isa(), loop_fills).to_bf16(narrow, d, count * p_.stride);
      return narrow;
    }
  }

  void add_parts(const Run& r, Range elements) const {
    const float* parts = floats_at(r.scratch, parts_at_);
    float* dx = r.dx + r.first * p_.features;
    for (int64_t i = elements.begin; i < elements.end; ++i) dx[i] = parts[i];
    for (int64_t g = 1; g < p_.groups; ++g) {
      const float* part = parts + g * p_.chunk_rows * p_.features;
      for (int64_t i = elements.begin; i < elements.end; ++i) dx[i] += part[i];
    }
  }

  const float smoothing_;
  const bool with_bias_, with_gradient_;
  CpuDevice& device_;
  const GemmKernelsOf<T>& gemm_;
  GemmBlocks logits_blocks_, of_weight_blocks_, of_x_blocks_;
  const CrossEntropyKernels& kernels_;
  const LinearCrossEntropyPlan p_;
  ScratchPlan scratch_;
  int64_t turned_at_ = 0, packed_at_ = 0, logits_at_ = 0, largest_at_ = 0, exp_sum_at_ = 0, sum_at_ = 0, hit_at_ = 0;
  int64_t log_sum_at_ = 0, less_at_ = 0, parts_at_ = 0, d_bias_at_ = 0, workspace_at_ = 0, workspace_floats_ = 0;
  int64_t narrow_at_ = 0, narrow_floats_ = 0;
};

std::unique_ptr<Kernel> make_linear_cross_entropy(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                                  CpuDevice& device, std::unique_ptr<LoopRunner>) {
  const auto& joined = dynamic_cast<const LinearCrossEntropy&>(op);
  const Shape &x = inputs[0].shape, &weight = inputs[1].shape;
  if (inputs[0].dtype == DType::bf16)
    return std::make_unique<LinearCrossEntropyKernel<uint16_t>>(joined, x, weight, device);
  return std::make_unique<LinearCrossEntropyKernel<float>>(joined, x, weight, device);
}

DL_CPU_KERNEL("linear_cross_entropy", make_linear_cross_entropy);

}  // namespace
}  // namespace dl
