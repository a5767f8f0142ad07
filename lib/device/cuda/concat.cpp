// Concatenation and slices on a GPU: rows of bytes, all parts in one launch.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "lib/device/cuda/piece_copy.h"
#include "lib/device/moves.h"

namespace dl::cuda {
namespace {

class CopyParts final : public Kernel {
 public:
  CopyParts(RowParts rows, CudaDevice& device) : parts_(std::move(rows.parts)), rows_(rows.rows), copy_(device) {}

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    for (size_t k = 0; k < parts_.size(); ++k) {
      const RowPart& part = parts_[k];
      copy_.add({.from = static_cast<const char*>(in[k]) + part.from,
                 .to = static_cast<char*>(out[0]) + part.to,
                 .rows = rows_,
                 .bytes = part.bytes,
                 .from_step = part.from_step,
                 .to_step = part.to_step});
    }
    copy_.launch();
  }

 private:
  const std::vector<RowPart> parts_;
  const int64_t rows_;
  PieceCopy copy_;
};

std::unique_ptr<Kernel> make_concat(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                    CudaDevice& device) {
  return std::make_unique<CopyParts>(rows_of_concat(dynamic_cast<const Concat&>(op), inputs, outputs[0]), device);
}

std::unique_ptr<Kernel> make_slice(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                   CudaDevice& device) {
  return std::make_unique<CopyParts>(rows_of_slice(dynamic_cast<const Slice&>(op), inputs[0], outputs[0]), device);
}

DL_CUDA_KERNEL("concat", make_concat);
DL_CUDA_KERNEL("slice", make_slice);

}  // namespace
}  // namespace dl::cuda
