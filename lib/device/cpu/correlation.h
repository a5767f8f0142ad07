// A window of weights that slides over images: what a convolution does, and what its gradient with respect to the input
// does with the weights turned round, once for each phase of the stride.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/destination.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/conv.h"
#include "lib/device/cpu/simd/strip.h"
#include "lib/graph/ops.h"

namespace dl {

// The output positions begin, begin + stride, … along one axis, which share the same taps: tap t of the q-th of them
// reads the input at q * step + first + t * gap, and is weight kernel[t]. Positions outside the input read 0.
struct AxisPhase {
  int64_t begin = 0, stride = 1, count = 0;
  int64_t step = 1, first = 0, gap = 1;
  std::vector<int64_t> kernel;
  int64_t taps() const { return static_cast<int64_t>(kernel.size()); }
};

// All output positions of an axis, for a convolution from `input` positions, and for its gradient.
std::vector<AxisPhase> forward_phases(const Window& window, int axis, int64_t input);
std::vector<AxisPhase> backward_phases(const Window& window, int axis, int64_t input);

// Inputs x and weight, then the epilogue's; outputs y [images, height, width, channels], or the epilogue's.
class Correlation final : public Kernel {
 public:
  struct Geometry {
    int64_t images = 0, in_height = 0, in_width = 0, in_channels = 0;
    int64_t out_height = 0, out_width = 0, out_channels = 0;
    int64_t groups = 1;
    std::vector<AxisPhase> rows, columns;
    bool weight_by_out = true;  // the weight is [out channels, in channels / groups, …]; else [in, out / groups, …]
    int64_t kernel_height = 1, kernel_width = 1;
  };

  Correlation(Geometry geometry, CpuDevice& device, std::unique_ptr<LoopRunner> epilogue);

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }
  bool in_place(int in, int out) const override { return destination_.in_place(in, out); }
  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override;

 private:
  // The rows of one image that a block needs.
  struct Segment {
    int64_t image = 0;
    int64_t out_begin = 0, out_end = 0;  // rows of the output
    int64_t in_begin = 0;                // the input row that `data` begins with
    const float* data = nullptr;         // of channel 0 of column -left_
    float* out = nullptr;                // row out_begin
  };
  struct Phase {
    const AxisPhase* rows = nullptr;
    const AxisPhase* columns = nullptr;
    int64_t panels_at = 0, depth = 0;  // in a group's packed weight
  };
  static constexpr int most_segments = 10;

  void join_neighbours();
  void widen_weight(const float* weight, float* wide) const;
  void pack(const float* weight, float* packed) const;
  void run_block(int64_t block, const float* x, const float* packed, float* y, float* stage) const;
  int cut_segments(int64_t row_begin, int64_t row_end, const float* x, float* y, float* stage, Segment* segments) const;
  const float* stage_rows(int64_t image, int64_t in_begin, int64_t in_end, const float* x, float* stage) const;
  void run_rows(const Segment& segment, const Phase& phase, int64_t group, int64_t column, int vectors,
                const float* panel) const;

  const Geometry given_;
  Geometry g_;  // with neighbours as one output, see few_columns.h
  CpuDevice& device_;
  const StripKernels& strips_;
  const ConvKernels& weights_;
  Destination destination_;
  std::vector<Phase> phases_;
  std::vector<TapPlace> places_;
  int64_t neighbours_ = 1;
  bool each_channel_ = false;  // every channel by itself: the groups are handled together, as columns
  int64_t groups_ = 1, in_of_group_ = 0, out_of_group_ = 0;
  int64_t left_ = 0, right_ = 0;   // columns read beside the input
  bool staged_ = false;            // rows are copied so that these columns are there, as zeros
  int64_t row_floats_ = 0;         // from one input row to the next, as read
  int64_t lowest_ = 0, span_ = 0;  // first input row read for output position 0, and rows read around one position
  int64_t strip_rows_ = 0;
  int64_t block_rows_ = 1, blocks_ = 0;
  int64_t packed_floats_of_group_ = 0, stage_floats_ = 0, block_floats_ = 0;
  ScratchPlan plan_;
  int64_t wide_at_ = 0, packed_at_ = 0, stage_at_ = 0, blocks_at_ = 0;
};

}  // namespace dl
