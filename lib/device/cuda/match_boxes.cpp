// What anchors learn, on a GPU.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/match_boxes.h"

#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/kernels/match_boxes.h"

namespace dl::cuda {
namespace {

class MatchBoxesKernel final : public Kernel {
 public:
  MatchBoxesKernel(const MatchBoxes& op, std::span<const Type> inputs, CudaDevice& device)
      : launch_(device,
                {.header = "match_boxes.h",
                 .call = "match_boxes",
                 .arguments = "AnchorMatches",
                 .threads = AnchorMatches::threads},
                {.x = blocks_for(inputs[0].shape[0], 1),
                 .threads = AnchorMatches::threads,
                 .shared_bytes = AnchorMatches::shared_bytes}) {
    matches_.images = inputs[0].shape[0];
    matches_.count = inputs[0].shape[1];
    matches_.rows = inputs[1].shape[1];
    matches_.overlap = op.rule.overlap;
    matches_.negatives = op.rule.negatives;
  }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    if (matches_.images * matches_.count == 0) return;
    matches_.anchors = static_cast<const float*>(in[0]);
    matches_.boxes = static_cast<const float*>(in[1]);
    matches_.hardness = static_cast<const float*>(in[2]);
    matches_.y = static_cast<float*>(out[0]);
    launch_(matches_);
  }

 private:
  AnchorMatches matches_{};
  Launch<AnchorMatches> launch_;
};

std::unique_ptr<Kernel> make_match_boxes(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                         CudaDevice& device) {
  return std::make_unique<MatchBoxesKernel>(static_cast<const MatchBoxes&>(op), inputs, device);
}

DL_CUDA_KERNEL("match_boxes", make_match_boxes);

}  // namespace
}  // namespace dl::cuda
