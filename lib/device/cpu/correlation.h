// A window of weights that slides over images: what a convolution does, and what its gradient with respect to the input
// does with the weights turned round, once for each phase of the stride.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>

#include "lib/device/cpu/correlation_plan.h"
#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/destination.h"
#include "lib/device/cpu/kept_weight.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/strip.h"

namespace dl {

// Inputs x and weight, then the epilogue's; outputs y [images, height, width, channels], or the epilogue's.
class Correlation final : public Kernel {
 public:
  Correlation(CorrelationGeometry geometry, CpuDevice& device, std::unique_ptr<LoopRunner> epilogue);

  void stays(int input, const int64_t& changes) override {
    if (input == 1) packed_.watch(changes);
  }
  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }
  bool in_place(int in, int out) const override { return destination_.in_place(in, out); }
  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override;

 private:
  // The rows of one image that a block needs.
  struct Segment {
    int64_t image = 0;
    int64_t out_begin = 0, out_end = 0;  // rows of the output
    int64_t in_begin = 0;                // the input row that `data` begins with
    const float* data = nullptr;         // of channel 0 of the leftmost column
    float* out = nullptr;                // row out_begin
  };
  using Phase = CorrelationPlan::Phase;

  void widen_and_pack(const float* weight, void* scratch, float* packed) const;
  void widen_weight(const float* weight, float* wide) const;
  void pack(const float* weight, float* packed) const;
  // The panels that begin with one of the columns, of all groups.
  void run_block(int64_t block, Range columns, const float* x, const float* packed, float* y, float* stage) const;
  // run(phase, group, column, vectors, panel) for each of these panels.
  template <class Run>
  void for_each_panel(Range columns, const float* packed, Run&& run) const;
  // The epilogue of a block's rows, which begin at y.
  void pass(int thread, int64_t block, const float* y);
  int cut_segments(int64_t row_begin, int64_t row_end, const float* x, float* y, float* stage, Segment* segments) const;
  const float* stage_rows(int64_t image, int64_t in_begin, int64_t in_end, const float* x, float* stage) const;
  // By images: all of so many from `x` on.
  void run_images(int64_t images, Range columns, const float* x, const float* packed, float* y, float* stage) const;
  void run_places(int64_t images, const float* x, const Phase& phase, int64_t group, int64_t column, int vectors,
                  const float* panel, float* y) const;
  // What tiles of a panel have in common, wherever they lie.
  Tile tile_of(const Phase& phase, int64_t column, int vectors) const;
  bool side_by_side(const AxisPhase& columns) const;
  void run_rows(const Segment& segment, const Phase& phase, int64_t group, int64_t column, int vectors,
                const float* panel) const;

  CpuDevice& device_;
  const StripKernels& strips_;
  const ConvKernels& weights_;
  const CorrelationPlan p_;
  Destination destination_;
  KeptWeight packed_;
  ScratchPlan scratch_;
  int64_t wide_at_ = 0, packed_at_ = 0, stage_at_ = 0, blocks_at_ = 0;
};

}  // namespace dl
