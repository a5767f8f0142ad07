// Embedding on the CPU: indices are divided over the team. Its gradient is cleared by rows, and then divided by
// columns, so that rows are added in the order of the indices whatever the number of threads.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/embedding.h"

#include <algorithm>

#include "lib/device/cpu/cpu.h"

namespace dl {
namespace {

constexpr int64_t cache_line = 16;             // floats
constexpr int64_t worth_a_thread = 16 * 1024;  // floats moved

class EmbeddingKernel final : public Kernel {
 public:
  EmbeddingKernel(const Type& table, const Type& indices, CpuDevice& device)
      : rows_(table.shape[0]), dim_(table.shape[1]), n_(indices.shape.elements()), team_(device.team()) {}

  bool finds_faults() const override { return true; }
  Problem problem(int32_t index) const override { return no_such_row(index, rows_); }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const float* table = static_cast<const float*>(in[0]);
    const int32_t* indices = static_cast<const int32_t*>(in[1]);
    float* y = static_cast<float*>(out[0]);
    const auto is_row = [&](int32_t index) { return index >= 0 && index < rows_; };
    const int32_t* const wrong = std::find_if_not(indices, indices + n_, is_row);
    *static_cast<Fault*>(out[1]) = wrong == indices + n_ ? Fault{} : Fault{1, *wrong};
    const auto copy = [&](Range mine) {
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        if (is_row(indices[i]))
          std::copy_n(table + indices[i] * dim_, dim_, y + i * dim_);
        else
          std::fill_n(y + i * dim_, dim_, 0.0f);
      }
    };
    if (n_ * dim_ < worth_a_thread) return copy({0, n_});
    team_.run([&](int thread) { copy(split(n_, team_.size(), thread)); });
  }

 private:
  const int64_t rows_, dim_, n_;
  ThreadTeam& team_;
};

class EmbeddingGradKernel final : public Kernel {
 public:
  EmbeddingGradKernel(const EmbeddingGrad& op, const Type& dy, const Type& indices, CpuDevice& device)
      : rows_(op.rows),
        padding_(op.padding),
        dim_(dy.shape.last()),
        n_(indices.shape.elements()),
        team_(device.team()) {}

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const float* dy = static_cast<const float*>(in[0]);
    const int32_t* indices = static_cast<const int32_t*>(in[1]);
    float* dtable = static_cast<float*>(out[0]);
    const auto clear = [&](Range elements) { std::fill(dtable + elements.begin, dtable + elements.end, 0.0f); };
    const auto add = [&](Range columns) {
      for (int64_t i = 0; i < n_; ++i) {
        if (indices[i] == padding_ || indices[i] < 0 || indices[i] >= rows_) continue;
        float* to = dtable + indices[i] * dim_;
        const float* from = dy + i * dim_;
        for (int64_t k = columns.begin; k < columns.end; ++k) to[k] += from[k];
      }
    };
    if ((rows_ + n_) * dim_ < worth_a_thread) {
      clear({0, rows_ * dim_});
      add({0, dim_});
      return;
    }
    team_.run([&](int thread) { clear(split(rows_ * dim_, team_.size(), thread, cache_line)); });
    team_.run([&](int thread) { add(split(dim_, team_.size(), thread, cache_line)); });
  }

 private:
  const int64_t rows_, padding_, dim_, n_;
  ThreadTeam& team_;
};

std::unique_ptr<Kernel> make_embedding(const Op&, std::span<const Type> inputs, std::span<const Type>,
                                       CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<EmbeddingKernel>(inputs[0], inputs[1], device);
}

std::unique_ptr<Kernel> make_embedding_grad(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                            CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<EmbeddingGradKernel>(dynamic_cast<const EmbeddingGrad&>(op), inputs[0], inputs[1], device);
}

DL_CPU_KERNEL("embedding", make_embedding);
DL_CPU_KERNEL("embedding_grad", make_embedding_grad);

}  // namespace
}  // namespace dl
