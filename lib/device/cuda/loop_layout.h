// How a pass is laid out over blocks and threads, by its shape alone: units, chunks, teams, pieces of the rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>

#include "lib/device/cuda/loop_plan.h"

namespace dl::cuda {

// `types`: of all tensors. None where sums along rows and over them do not fit into registers together: then the former
// are to be a pass of their own.
std::optional<LoopPass> lay_out_pass(const LoopSteps& code, std::span<const DType> types);

}  // namespace dl::cuda
