// How convolutions become kernels: everything that follows from the shapes, before any memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

#include "lib/device/cuda/code.h"
#include "lib/device/cuda/grid.h"
#include "lib/device/cuda/kernels/convolution.h"
#include "lib/device/cuda/kernels/convolution_weight.h"
#include "lib/device/cuda/kernels/depthwise.h"
#include "lib/device/cuda/kernels/transpose_weight.h"
#include "lib/graph/ops.h"

namespace dl::cuda {

// y = convolution(x, weight), of which one operation makes one; x and weight, or what they are multiplied with, are
// bf16 or f32.
struct ConvolutionShapes {
  Window window;
  int64_t groups = 1;
  Shape x, weight, y;
  bool bf16 = false;
  bool tf32 = false;  // f32 may be rounded to tf32

  int64_t taps() const;
  int64_t depth() const { return weight[1]; }           // channels of x in a group
  int64_t width() const { return weight[0] / groups; }  // of y
  bool depthwise() const { return groups > 1 && weight[1] == 1; }
  ConvolutionMath math() const {
    return bf16 ? ConvolutionMath::bf16 : tf32 ? ConvolutionMath::tf32 : ConvolutionMath::f32;
  }
  int number_bytes() const { return bf16 ? 2 : 4; }
};

// A block's tile of a product.
struct ConvolutionBlock {
  int rows = 64, columns = 64;
  int threads() const { return rows * columns >= 128 * 64 ? 256 : 128; }
};

// The weight as a kernel reads it: `batch` matrices [rows][columns], transposed; none where it is read as it is stored.
struct WeightTransposition {
  int64_t batch = 0, rows = 0, columns = 0;
  explicit operator bool() const { return batch > 0; }
  int64_t elements() const { return batch * rows * columns; }
  TransposeWeight arguments() const;
  Grid grid(int number_bytes) const;
  KernelSource source(bool bf16) const;
};

// [outs][taps][depth]; none where that is how it is stored.
WeightTransposition weight_with_taps_outside(const ConvolutionShapes& shapes);

// Whether a library's convolution is worth being asked for: not for channels each by itself, which are a matter of
// memory, nor for what takes no longer than beginning it.
bool gains_by_library(const ConvolutionShapes& shapes);

// The output, or the gradient of the input.
struct ConvolvePlan {
  ConvolutionMath math = ConvolutionMath::f32;
  ConvolutionBlock block;
  bool vectors = false;
  WeightTransposition transposition;
  Convolve arguments{};
  Grid grid;
  KernelSource source() const;
};
ConvolvePlan plan_convolve(const ConvolutionShapes& shapes, bool gradient);
// The same in blocks of a given size.
ConvolvePlan plan_convolve(const ConvolutionShapes& shapes, bool gradient, const ConvolutionBlock& block);

// Pieces of a weight's gradient that are to be added.
struct AddPiecesPlan {
  int parts = 1;
  AddWeightPieces arguments{};
  Grid grid;
  KernelSource source() const;
};
AddPiecesPlan plan_add_pieces(const ConvolutionShapes& shapes, int64_t pieces);

struct ConvolveWeightPlan {
  ConvolutionMath math = ConvolutionMath::f32;
  ConvolutionBlock block;
  bool vectors_dy = false, vectors_x = false;
  int64_t pieces = 1;
  ConvolveWeight arguments{};
  Grid grid;
  KernelSource source() const;
};
ConvolveWeightPlan plan_convolve_weight(const ConvolutionShapes& shapes);
ConvolveWeightPlan plan_convolve_weight(const ConvolutionShapes& shapes, const ConvolutionBlock& block);

// Of channels each by itself: the output, or the gradient of the input.
struct DepthwisePlan {
  bool bf16 = false, gradient = false;
  int at_once = 1;  // channels of a thread
  WeightTransposition transposition;
  Depthwise arguments{};
  Grid grid;
  KernelSource source() const;
};
DepthwisePlan plan_depthwise(const ConvolutionShapes& shapes, bool gradient);

struct DepthwiseWeightPlan {
  bool bf16 = false;
  int64_t pieces = 1;
  DepthwiseWeight arguments{};
  Grid grid;
  KernelSource source() const;
};
DepthwiseWeightPlan plan_depthwise_weight(const ConvolutionShapes& shapes);

}  // namespace dl::cuda
