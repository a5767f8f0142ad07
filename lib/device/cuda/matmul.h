// The product that the operation "matmul" is.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "lib/device/cuda/product.h"
#include "lib/graph/ops/matmul.h"

namespace dl::cuda {

// `output`: of the product itself, f32.
ProductShape product_shape(const MatMul& matmul, std::span<const Type> inputs, const Type& output);

}  // namespace dl::cuda
