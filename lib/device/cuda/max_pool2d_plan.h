// How pooling becomes kernels: everything that follows from the shapes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/code.h"
#include "lib/device/cuda/grid.h"
#include "lib/device/cuda/kernels/max_pool2d.h"
#include "lib/graph/ops.h"

namespace dl::cuda {

struct MaxPoolPlan {
  Pool arguments{};
  Grid grid;
  DType places = DType::u8;
  int at_once = 1;  // channels of a thread
  KernelSource source(bool places_read) const;
};
MaxPoolPlan plan_max_pool2d(const Window& window, const Shape& x, const Shape& y, DType places);

struct MaxPoolGradientPlan {
  PoolGradient arguments{};
  Grid grid;
  DType places = DType::u8;
  int at_once = 1;
  KernelSource source() const;
};
MaxPoolGradientPlan plan_max_pool2d_gradient(const Window& window, const Shape& dx, const Shape& dy, DType places);

}  // namespace dl::cuda
