// A matrix product, or one with an epilogue, on all threads of the team: what matmul and 1x1 convolutions run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>

#include "lib/device/cpu/blas.h"
#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/destination.h"
#include "lib/device/cpu/kept_weight.h"
#include "lib/device/cpu/product_division.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/gemm.h"

namespace dl {

// T: float, or uint16_t for bf16.
template <class T>
const GemmKernelsOf<T>& gemm_kernels_of(const CpuDevice& device);

// Inputs A and B, then the epilogue's; outputs C, or the epilogue's.
// T: the operands' type, float or uint16_t for bf16; C is f32.
template <class T>
class ProductOf final : public Kernel {
 public:
  // `shape` gives sizes and strides; its pointers are ignored. c_row is the number of columns.
  ProductOf(const GemmOf<T>& shape, CpuDevice& device, std::unique_ptr<LoopRunner> epilogue);

  void stays(int input, const int64_t& changes) override;
  int64_t scratch_bytes() const override { return plan_.size_bytes(); }
  std::string way() const override;
  bool in_place(int in, int out) const override { return destination_.in_place(in, out); }
  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override;

 private:
  // Whether a thread that makes both halves adds the second while it makes it: where each is one block of the depth,
  // the bits are those of two sums.
  bool adds_second_half() const;
  void plan_blocks();
  void make(std::span<void* const> in, std::span<void* const> out, void* scratch);
  // f(thread, rows, columns, half) for each part, side by side.
  template <class F>
  void on_parts(F&& f);
  // B as multiply_packed() reads it, each part of the columns by itself.
  const float* packed_for_ever(const GemmOf<T>& g);
  Range columns_of(int column_part) const {
    return split(shape_.columns, divided_.column_parts, column_part, kernels_.pack_unit);
  }
  // Where blocks of rows go, the columns are not divided.
  int packed_parts() const { return divided_.by_rows ? 1 : divided_.column_parts; }
  Range packed_columns(int part) const { return split(shape_.columns, packed_parts(), part, kernels_.pack_unit); }
  int64_t packed_at(int part) const;
  void multiply_part(GemmOf<T> g, Range rows, int column_part, int thread, void* scratch);
  void multiply_turned(const GemmOf<T>& g, int thread, void* scratch);
  void multiply(const GemmOf<T>& g, void* scratch);
  void pass(const GemmOf<T>& g, Range rows, int thread);
  void multiply_then_pass(const GemmOf<T>& g, void* scratch);
  void multiply_and_pass_by_rows(const GemmOf<T>& g, float* product, void* scratch);

  GemmOf<T> shape_;  // with the blocks at hand
  CpuDevice& device_;
  const GemmKernelsOf<T>& kernels_;
  std::string name_;            // product_name(), where a library may make it
  ProductMaker maker_;          // of the products of parts
  const Blas* blas_ = nullptr;  // maker_'s
  Destination destination_;
  ProductDivision divided_;
  ScratchPlan plan_;
  int64_t product_at_ = 0, second_half_at_ = 0, packed_at_ = 0, workspace_at_ = 0, turned_at_ = 0;
  int64_t workspace_floats_ = 0, block_floats_ = 0, turned_floats_ = 0;
  std::vector<GemmBlocks> candidates_;  // of blocks, the fastest of which
  Choice* choice_ = nullptr;            // finds; null: there is but one
  bool b_by_rows_ = false;              // reads_b_by_rows() of a part
  KeptWeight packed_b_;
  const float* packed_now_ = nullptr;  // during a run
};

using Product = ProductOf<float>;
using Bf16Product = ProductOf<uint16_t>;

}  // namespace dl
