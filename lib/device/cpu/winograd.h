// Convolutions of 3×3 windows by Winograd's minimal filtering.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/destination.h"
#include "lib/device/cpu/kept_weight.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/strip.h"
#include "lib/device/cpu/winograd_plan.h"

namespace dl {

// T: the operands' type, float or uint16_t for bf16, which are widened as they are read; the result is f32.
// Inputs x and weight, then the epilogue's; outputs y, or the epilogue's. The weight is [out channels, in channels, 3,
// 3], or `by_in`, for the gradient with respect to the input, [in channels, out channels, 3, 3] and turned.
template <class T>
class WinogradOf final : public Kernel {
 public:
  WinogradOf(const WinogradTiles& tiles, bool by_in, CpuDevice& device, std::unique_ptr<LoopRunner> epilogue);

  std::string way() const override { return p_.by_panels ? "winograd, panels" : "winograd, tiles"; }
  void stays(int input, const int64_t& changes) override {
    if (input == 1 && keeps_weights()) transformed_.watch(changes);
  }
  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }
  bool in_place(int in, int out) const override { return destination_.in_place(in, out); }
  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override;

 private:
  bool keeps_weights() const;
  const float* kept_weights(const T* weight, void* scratch);  // null where none are
  void by_blocks(const T* x, const T* weight, float* product, void* scratch);
  void by_panels(const T* x, const T* weight, float* product, void* scratch);
  const float* widened(const T* weight, void* scratch) const;
  void transform_all(const T* weight, void* scratch, const WinogradPoints& to) const;
  void read_tiles(int64_t row_begin, int64_t row_end, const T* x, const T* zeros, float* inputs) const;
  void write_tiles(int64_t row_begin, int64_t row_end, float* sums, int64_t channels, float* y) const;
  void multiply(int64_t tiles, const float* inputs, const float* weights, int64_t weight_stride, Range columns,
                float* sums) const;
  void transform_weights(const float* weight, Range columns, int64_t origin, const WinogradPoints& to) const;

  int64_t weights_floats() const { return winograd_points * p_.weight_stride; }
  int64_t inputs_floats() const { return winograd_points * p_.in_stride; }
  int64_t sums_floats() const { return winograd_points * p_.out_stride; }

  const bool by_in_;
  CpuDevice& device_;
  const StripKernels& strips_;
  const WinogradKernels& kernels_;
  const WinogradPlan p_;
  const WinogradTiles& t_ = p_.tiles;
  Destination destination_;
  KeptWeight transformed_;
  ScratchPlan scratch_;
  int64_t wide_at_ = 0, zeros_at_ = 0, weights_at_ = 0, inputs_at_ = 0, sums_at_ = 0, products_at_ = 0;
};

using Winograd = WinogradOf<float>;
using Bf16Winograd = WinogradOf<uint16_t>;

}  // namespace dl
