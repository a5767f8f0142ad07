// A fused loop: a launch for each pass over its space, and one for what a pass has in pieces.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <variant>

#include "lib/base/division.h"
#include "lib/base/error.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/loop_text.h"
// As the emulation has it; a GPU's compiler has these names of itself.
#include "lib/device/cuda/kernels/loop.h"

namespace dl::cuda {
namespace {

using Pointers = LoopPointers<std::end(loop_pointer_kinds)[-1]>;

class LoopKernel final : public Kernel {
 public:
  LoopKernel(const LoopOp& op, std::span<const Type> inputs, std::span<const Type> outputs, CudaDevice& device)
      : plan_(plan_loop(op.loop, inputs, outputs)), inputs_(inputs.size()), outputs_(outputs.size()) {
    for (const LoopPass& pass : plan_.passes) {
      const LoopText text = text_of_pass(plan_, pass);
      switch (loop_pointers(plan_.types.size())) {
        case loop_pointer_kinds[0]:
          passes_.emplace_back(Launch<LoopPointers<loop_pointer_kinds[0]>>(device, text.source, text.grid));
          break;
        case loop_pointer_kinds[1]:
          passes_.emplace_back(Launch<LoopPointers<loop_pointer_kinds[1]>>(device, text.source, text.grid));
          break;
        default: passes_.emplace_back(Launch<Pointers>(device, text.source, text.grid));
      }
    }
    for (size_t first = 0; first < plan_.merges.size(); first += merges_together) add_merges(first, device);
    for (int64_t floats : plan_.area_floats) {
      area_at_.push_back(scratch_bytes_);
      scratch_bytes_ += round_up(floats * int64_t{sizeof(float)}, 256);
    }
  }

  int64_t scratch_bytes() const override { return scratch_bytes_; }
  bool in_place(int in, int out) const override { return plan_.in_place(in, static_cast<int>(inputs_) + out); }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, void* scratch) override {
    Pointers all{};
    void** next = std::copy(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(inputs_), all.at);
    next = std::copy(outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(outputs_), next);
    for (int64_t at : area_at_) *next++ = static_cast<std::byte*>(scratch) + at;
    for (const auto& pass : passes_) {
      std::visit(
          [&]<int n>(const Launch<LoopPointers<n>>& launch) {
            LoopPointers<n> some;
            std::copy_n(all.at, n, some.at);
            launch(some);
          },
          pass);
    }
    for (size_t i = 0; i < merges_.size(); ++i) merges_[i](merging(i * merges_together, all));
  }

 private:
  static constexpr size_t merges_together = std::size(LoopMerges{}.at);

  // Columns that a block merges: few where there are few, so that many blocks have a part, but 32 bytes of them.
  static int width(const LoopMergeStep& m) {
    auto width = static_cast<int>(std::min<uint64_t>(32, std::bit_ceil(static_cast<uint64_t>(m.columns))));
    while (width > 8 && m.columns < int64_t{width} * 256) width /= 2;
    return width;
  }

  void add_merges(size_t first, CudaDevice& device) {
    const size_t last = std::min(first + merges_together, plan_.merges.size());
    int64_t blocks = 1;
    for (size_t i = first; i < last; ++i)
      blocks = std::max(blocks, ceil_div(plan_.merges[i].columns, width(plan_.merges[i])));
    constexpr int threads = 256;
    merges_.emplace_back(
        device, KernelSource{.header = "loop.h", .call = "merge_pieces", .arguments = "LoopMerges", .threads = threads},
        Grid{.x = static_cast<int>(blocks),
             .y = static_cast<int>(last - first),
             .threads = threads,
             .shared_bytes = threads * 3 * int{sizeof(float)}});
  }

  LoopMerges merging(size_t first, const Pointers& all) const {
    LoopMerges merges{};
    const size_t last = std::min(first + merges_together, plan_.merges.size());
    for (size_t i = first; i < last; ++i) {
      const LoopMergeStep& m = plan_.merges[i];
      const auto at = [&](int tensor) { return tensor < 0 ? nullptr : static_cast<float*>(all.at[tensor]); };
      merges.at[i - first] = {.sums = at(m.sums),
                              .squares = at(m.squares),
                              .to = at(m.to),
                              .variance = at(m.variance),
                              .columns = m.columns,
                              .cols = m.cols,
                              .group = m.group,
                              .piece = m.piece,
                              .pieces = static_cast<int>(m.pieces),
                              .width = width(m)};
    }
    return merges;
  }

  template <int n>
  using PassLaunch = Launch<LoopPointers<n>>;

  const LoopPlan plan_;
  const size_t inputs_, outputs_;
  std::vector<std::variant<PassLaunch<loop_pointer_kinds[0]>, PassLaunch<loop_pointer_kinds[1]>,
                           PassLaunch<loop_pointer_kinds[2]>>>
      passes_;
  std::vector<Launch<LoopMerges>> merges_;
  std::vector<int64_t> area_at_;  // bytes into the working memory
  int64_t scratch_bytes_ = 0;
};

std::unique_ptr<Kernel> make_loop(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                  CudaDevice& device) {
  return std::make_unique<LoopKernel>(static_cast<const LoopOp&>(op), inputs, outputs, device);
}

DL_CUDA_KERNEL("loop", make_loop);

}  // namespace
}  // namespace dl::cuda
