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
#include "lib/device/cpu/product.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/cross_entropy.h"
#include "lib/device/cpu/simd/loop.h"
#include "lib/graph/ops/cross_entropy.h"

namespace dl {
namespace {

constexpr int64_t chunk_floats = 4 << 20;  // logits of a chunk, but for
constexpr int64_t least_chunk_rows = 128;  // below, reading the weight costs more than multiplying with it
constexpr int64_t block_floats = 160 << 10;
constexpr int64_t most_groups = 16;
constexpr int64_t line = 16;  // floats of a cache line

// T: of x and the weight, float or uint16_t for bf16.
template <class T>
class LinearCrossEntropyKernel final : public Kernel {
 public:
  LinearCrossEntropyKernel(const LinearCrossEntropy& op, const Shape& x, const Shape& weight, CpuDevice& device)
      : smoothing_(static_cast<float>(op.smoothing)),
        with_bias_(op.with_bias),
        with_gradient_(op.with_gradient),
        rows_(x[0]),
        features_(x[1]),
        classes_(weight[0]),
        device_(device),
        gemm_(gemm_kernels_of<T>(device)),
        kernels_(DL_FOR_ISA(device.isa(), cross_entropy_kernels)) {
    const int64_t most = std::clamp(chunk_floats / classes_, least_chunk_rows, int64_t{512});
    chunks_ = std::max<int64_t>(ceil_div(rows_, most), 1);
    chunk_rows_ = std::min(round_up(ceil_div(rows_, chunks_), line), rows_);
    stride_ = round_up(chunk_rows_, line);
    if (stride_ / line % 2 == 0) stride_ += line;  // an odd number of lines: columns spread over the whole cache
    groups_ = std::clamp<int64_t>(classes_ / line, 1, most_groups);
    const int64_t group = split(classes_, groups_, 0).end;
    const int64_t most_block = std::max(block_floats / stride_, line);
    blocks_ = ceil_div(group, most_block);
    const int64_t block = split(group, blocks_, 0).end, team = device.team().size();

    turned_at_ = plan_.floats(gemm_.packed_floats(chunk_rows_, features_));
    logits_at_ = plan_.floats((with_gradient_ ? classes_ : team * block) * stride_);
    largest_at_ = plan_.floats(groups_ * blocks_ * stride_);
    exp_sum_at_ = plan_.floats(groups_ * blocks_ * stride_);
    sum_at_ = plan_.floats(groups_ * blocks_ * stride_);
    hit_at_ = plan_.floats(stride_);
    log_sum_at_ = plan_.floats(stride_);
    if (!with_gradient_) return;
    less_at_ = plan_.floats(stride_);
    packed_at_ = plan_.floats(gemm_.packed_floats(features_, chunk_rows_));
    parts_at_ = plan_.floats(groups_ * chunk_rows_ * features_);
    d_bias_at_ = plan_.floats(classes_);
    workspace_floats_ = round_up(gemm_.workspace(features_, block), line);
    workspace_at_ = plan_.floats(workspace_floats_ * team);
    if (!std::is_same_v<T, float>) {
      narrow_floats_ = round_up(block * stride_, 2 * line) / 2;
      narrow_at_ = plan_.floats(narrow_floats_ * team);
    }
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }

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
    for (int64_t first = 0; first < rows_; first += chunk_rows_) {
      r.first = first;
      r.rows = std::min(chunk_rows_, rows_ - first);
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
    const Range mine = split(groups_, device_.team().size(), thread);
    for (int64_t g = mine.begin; g < mine.end; ++g) {
      const Range group = split(classes_, groups_, g);
      for (int64_t b = 0; b < blocks_; ++b) {
        const Range block = split(group.end - group.begin, blocks_, b);
        if (!block.empty()) f(Range{group.begin + block.begin, group.begin + block.end}, g, b);
      }
    }
  }

  void run_chunk(const Run& r) {
    ThreadTeam& team = device_.team();
    team.run([&](int thread) { pack(r, thread); });
    team.run([&](int thread) {
      for_each_block(thread, [&](Range c, int64_t g, int64_t b) { forward(r, thread, c, g * blocks_ + b); });
    });
    team.run([&](int thread) { finish_losses(r, split(r.rows, team.size(), thread, line)); });
    if (!with_gradient_) return;
    team.run([&](int thread) {
      for_each_block(thread, [&](Range c, int64_t g, int64_t b) { backward(r, thread, c, g, b); });
    });
    team.run([&](int thread) { add_parts(r, split(r.rows * features_, team.size(), thread, line)); });
  }

  GemmOf<T> turned(const Run& r) const {  // x transposed, as the right factor
    GemmOf<T> g;
    g.b = r.x + r.first * features_;
    g.b_depth = 1;
    g.b_column = features_;
    g.columns = r.rows;
    g.depth = features_;
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
    const Range rows = mine(r.rows), features = mine(features_);
    if (!rows.empty()) gemm_.pack(turned(r), rows.begin, rows.end, floats_at(r.scratch, turned_at_));
    if (with_gradient_ && !features.empty())
      gemm_.pack(straight(r), features.begin, features.end, floats_at(r.scratch, packed_at_));
  }

  // The block's logits; of each row the largest and the sums; and exp(x - largest) in their place.
  void forward(const Run& r, int thread, Range c, int64_t block) const {
    const int64_t count = c.end - c.begin;
    const int64_t own = split(split(classes_, groups_, 0).end, blocks_, 0).end;
    float* logits = floats_at(r.scratch, logits_at_) + (with_gradient_ ? c.begin : thread * own) * stride_;
    GemmOf<T> g = turned(r);
    g.a = r.weight + c.begin * features_;
    g.a_row = features_;
    g.rows = count;
    g.rows_after = std::min(count, classes_ - c.end);
    g.c = logits;
    g.c_row = stride_;
    gemm_.multiply_packed(g, floats_at(r.scratch, turned_at_));
    float* hit = floats_at(r.scratch, hit_at_);
    for (int64_t row = 0; row < r.rows; ++row) {
      const int64_t t = r.hits[r.first + row];
      if (t < c.begin || t >= c.end) continue;
      hit[row] = logits[(t - c.begin) * stride_ + row] + (with_bias_ ? r.bias[t] : 0);
    }
    const int64_t at = block * stride_;
    kernels_.block(logits, stride_, count, r.rows, with_bias_ ? r.bias + c.begin : nullptr,
                   floats_at(r.scratch, largest_at_) + at, floats_at(r.scratch, exp_sum_at_) + at,
                   floats_at(r.scratch, sum_at_) + at);
  }

  bool is_empty(int64_t block) const {
    const Range group = split(classes_, groups_, block / blocks_);
    return split(group.end - group.begin, blocks_, block % blocks_).empty();
  }

  // What the blocks found, put together: the losses; for the gradient, what remains to be multiplied with each block.
  void finish_losses(const Run& r, Range rows) const {
    const float* largest = floats_at(r.scratch, largest_at_);
    float *exp_sum = floats_at(r.scratch, exp_sum_at_), *log_sum = floats_at(r.scratch, log_sum_at_);
    const float *sum = floats_at(r.scratch, sum_at_), *hit = floats_at(r.scratch, hit_at_);
    const int64_t blocks = groups_ * blocks_;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      float most = largest[row];
      for (int64_t b = 1; b < blocks; ++b) {
        if (!is_empty(b)) most = largest[b * stride_ + row] > most ? largest[b * stride_ + row] : most;
      }
      double exps = 0, all = 0;
      for (int64_t b = 0; b < blocks; ++b) {
        if (is_empty(b)) continue;
        exps += double{exp_sum[b * stride_ + row]} * std::exp(double{largest[b * stride_ + row]} - double{most});
        all += sum[b * stride_ + row];
      }
      log_sum[row] = most + static_cast<float>(std::log(exps));
      const int64_t t = r.hits[r.first + row];
      const float at_hit = t >= 0 && t < classes_ ? (1 - smoothing_) * hit[row] : 0;
      const float mean = static_cast<float>(all / static_cast<double>(classes_));
      r.losses[r.first + row] = log_sum[row] - at_hit - smoothing_ * mean;
    }
    if (!with_gradient_ || rows.empty()) return;
    const int64_t count = rows.end - rows.begin;
    float* less = floats_at(r.scratch, less_at_);
    for (int64_t row = rows.begin; row < rows.end; ++row)
      less[row] = r.d[r.first + row] * smoothing_ / static_cast<float>(classes_);
    for (int64_t b = 0; b < blocks; ++b) {
      float* scale = exp_sum + b * stride_ + rows.begin;  // takes the place of the sums
      std::copy_n(r.d + r.first + rows.begin, count, scale);
      if (!is_empty(b)) kernels_.rescale(scale, largest + b * stride_ + rows.begin, log_sum + rows.begin, count);
    }
  }

  // The gradient of the block's logits, in their place, and what follows from it while it is in cache.
  void backward(const Run& r, int thread, Range c, int64_t group, int64_t block) const {
    const int64_t count = c.end - c.begin;
    const bool later = r.first > 0;
    float* d = floats_at(r.scratch, logits_at_) + c.begin * stride_;
    kernels_.block_grad(d, stride_, count, r.rows,
                        floats_at(r.scratch, exp_sum_at_) + (group * blocks_ + block) * stride_,
                        floats_at(r.scratch, less_at_), r.d_bias + c.begin, later);
    for (int64_t row = 0; row < r.rows; ++row) {
      const int64_t t = r.hits[r.first + row];
      if (t < c.begin || t >= c.end) continue;
      const float at_hit = (1 - smoothing_) * r.d[r.first + row];
      d[(t - c.begin) * stride_ + row] -= at_hit;
      r.d_bias[t] -= at_hit;
    }
    const T* factor = as_factor(d, count, thread, r.scratch);
    GemmOf<T> of_weight = straight(r);
    of_weight.a = factor;
    of_weight.a_row = stride_;
    of_weight.rows = count;
    of_weight.c = r.d_weight + c.begin * features_;
    of_weight.c_row = features_;
    of_weight.accumulate = later;
    gemm_.multiply_packed(of_weight, floats_at(r.scratch, packed_at_));
    GemmOf<T> of_x;
    of_x.a = factor;
    of_x.a_row = 1;
    of_x.a_depth = stride_;
    of_x.b = r.weight + c.begin * features_;
    of_x.b_depth = features_;
    of_x.b_column = 1;
    of_x.c = floats_at(r.scratch, parts_at_) + group * chunk_rows_ * features_;
    of_x.c_row = features_;
    of_x.rows = r.rows;
    of_x.columns = features_;
    of_x.depth = count;
    of_x.accumulate = block > 0;
    gemm_.multiply(of_x, floats_at(r.scratch, workspace_at_) + thread * workspace_floats_);
  }

  // The gradient of a block's logits as products take it.
  const T* as_factor(const float* d, int64_t count, int thread, void* scratch) const {
    if constexpr (std::is_same_v<T, float>) {
      return d;
    } else {
      T* narrow = reinterpret_cast<T*>(floats_at(scratch, narrow_at_) + thread * narrow_floats_);
      DL_FOR_ISA(device_.isa(), loop_fills).to_bf16(narrow, d, count * stride_);
      return narrow;
    }
  }

  void add_parts(const Run& r, Range elements) const {
    const float* parts = floats_at(r.scratch, parts_at_);
    float* dx = r.dx + r.first * features_;
    for (int64_t i = elements.begin; i < elements.end; ++i) dx[i] = parts[i];
    for (int64_t g = 1; g < groups_; ++g) {
      const float* part = parts + g * chunk_rows_ * features_;
      for (int64_t i = elements.begin; i < elements.end; ++i) dx[i] += part[i];
    }
  }

  const float smoothing_;
  const bool with_bias_, with_gradient_;
  const int64_t rows_, features_, classes_;
  CpuDevice& device_;
  const GemmKernelsOf<T>& gemm_;
  const CrossEntropyKernels& kernels_;
  int64_t chunks_ = 1, chunk_rows_ = 0, stride_ = 0, groups_ = 1, blocks_ = 1;  // blocks: of a group
  ScratchPlan plan_;
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
