// Non-maximum suppression on a GPU.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/best_boxes.h"

#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/kernels/best_boxes.h"

namespace dl::cuda {
namespace {

class BestBoxesKernel final : public Kernel {
 public:
  BestBoxesKernel(const BestBoxes& op, const Shape& scores, CudaDevice& device)
      : launch_(
            device,
            {.header = "best_boxes.h", .call = "best_boxes", .arguments = "FoundBoxes", .threads = FoundBoxes::threads},
            {.x = blocks_for(scores[0], 1), .threads = FoundBoxes::threads, .shared_bytes = FoundBoxes::shared_bytes}) {
    found_.images = scores[0];
    found_.count = scores[1];
    found_.classes = scores[2];
    found_.most = op.rule.most;
    found_.least_score = op.rule.least_score;
    found_.overlap = op.rule.overlap;
  }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    if (found_.images == 0) return;
    found_.boxes = static_cast<const float*>(in[0]);
    found_.scores = static_cast<const float*>(in[1]);
    found_.y = static_cast<float*>(out[0]);
    launch_(found_);
  }

 private:
  FoundBoxes found_{};
  Launch<FoundBoxes> launch_;
};

std::unique_ptr<Kernel> make_best_boxes(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                        CudaDevice& device) {
  return std::make_unique<BestBoxesKernel>(static_cast<const BestBoxes&>(op), inputs[1].shape, device);
}

DL_CUDA_KERNEL("best_boxes", make_best_boxes);

}  // namespace
}  // namespace dl::cuda
