// Where a kernel's product goes: it is the kernel's output, or an epilogue is given its rows and writes the outputs.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "lib/device/cpu/loop_runner.h"
#include "lib/device/cpu/scratch.h"

namespace dl {

// For kernels with two inputs of their own, behind which come those of the epilogue. plan() before the first run; in
// each run begin(), rows() as LoopRunner asks for them, finish().
class Destination {
 public:
  explicit Destination(std::unique_ptr<LoopRunner> epilogue) : epilogue_(std::move(epilogue)) {}

  bool has_epilogue() const { return epilogue_ != nullptr; }
  // Whether the product lies whole in an output. If not, its rows are made in memory of the kernel's own.
  bool keeps_product() const { return epilogue_ == nullptr || epilogue_->produced_output() >= 0; }
  // Of Kernel.
  bool in_place(int in, int out) const { return in >= 2 && has_epilogue() && epilogue_->in_place(in - 1, out); }

  // Asks for chunks of this many rows, as LoopRunner::set_chunk_rows(), and takes the epilogue's part of the scratch.
  void plan(int64_t chunk_rows, ScratchPlan& plan);

  // `in`, `out`, `scratch`: Kernel::run's. The place of the whole product; null where it is not kept.
  float* begin(std::span<void* const> in, std::span<void* const> out, void* scratch);
  void rows(int thread, int64_t begin, int64_t end, const float* produced, int64_t ld) {
    if (epilogue_ != nullptr) epilogue_->rows(thread, begin, end, produced, ld);
  }
  void finish() {
    if (epilogue_ != nullptr) epilogue_->finish();
  }

 private:
  const std::unique_ptr<LoopRunner> epilogue_;
  int64_t scratch_at_ = 0;
};

}  // namespace dl
