// How a linear layer with its cross-entropy is cut into chunks of rows, and its kernel.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>

#include "lib/device/cuda/cuda.h"
#include "lib/graph/ops/cross_entropy.h"

namespace dl::cuda {

// As few and as equal chunks as 256 MiB for their logits allow, of at least 256 rows.
int64_t rows_of_logits_chunk(int64_t rows, int64_t classes);

// chunk_rows: a multiple of 8, or all rows.
std::unique_ptr<Kernel> make_linear_cross_entropy(const LinearCrossEntropy& op, std::span<const Type> inputs,
                                                  CudaDevice& device, int64_t chunk_rows);

}  // namespace dl::cuda
