// Slopes of the Jaccard index on a GPU.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/jaccard_slopes.h"

#include <algorithm>
#include <bit>

#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/kernels/jaccard_slopes.h"

namespace dl::cuda {
namespace {

class JaccardSlopesKernel final : public Kernel {
 public:
  JaccardSlopesKernel(const Shape& shape, CudaDevice& device)
      : blocks_(std::clamp<int64_t>(shape[0], 1, most_blocks)),
        launch_(
            device,
            {.header = "jaccard_slopes.h",
             .call = "jaccard_slopes",
             .arguments = "JaccardRows",
             .threads = JaccardRows::threads},
            {.x = blocks_for(blocks_, 1), .threads = JaccardRows::threads, .shared_bytes = JaccardRows::shared_bytes}) {
    rows_.rows = shape[0];
    rows_.places = shape[1];
    rows_.padded = static_cast<long long>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(shape[1], 1))));
  }

  int64_t scratch_bytes() const override { return blocks_ * rows_.padded * static_cast<int64_t>(sizeof(uint64_t)); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    if (rows_.rows * rows_.places == 0) return;
    rows_.errors = static_cast<const float*>(in[0]);
    rows_.hits = static_cast<const float*>(in[1]);
    rows_.slopes = static_cast<float*>(out[0]);
    rows_.keys = static_cast<unsigned long long*>(scratch);
    launch_(rows_);
  }

 private:
  static constexpr int64_t most_blocks = 512;  // which have keys of their own

  JaccardRows rows_{};
  const int64_t blocks_;
  Launch<JaccardRows> launch_;
};

std::unique_ptr<Kernel> make_jaccard_slopes(const Op&, std::span<const Type> inputs, std::span<const Type>,
                                            CudaDevice& device) {
  return std::make_unique<JaccardSlopesKernel>(inputs[0].shape, device);
}

DL_CUDA_KERNEL("jaccard_slopes", make_jaccard_slopes);

}  // namespace
}  // namespace dl::cuda
