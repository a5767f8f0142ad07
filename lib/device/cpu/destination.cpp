// The output, or the epilogue.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/destination.h"

#include "lib/base/division.h"

namespace dl {

void Destination::plan(int64_t chunk_rows, ScratchPlan& plan) {
  if (epilogue_ == nullptr) return;
  epilogue_->set_chunk_rows(chunk_rows);
  scratch_at_ = plan.floats(ceil_div(epilogue_->scratch_bytes(), 4));
}

float* Destination::begin(std::span<void* const> in, std::span<void* const> out, void* scratch) {
  if (epilogue_ == nullptr) return static_cast<float*>(out[0]);
  epilogue_->begin(in.subspan(2), out, floats_at(scratch, scratch_at_));
  const int kept = epilogue_->produced_output();
  return kept < 0 ? nullptr : static_cast<float*>(out[static_cast<size_t>(kept)]);
}

}  // namespace dl
