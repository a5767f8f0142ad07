// Concatenation and slices on a GPU: rows of bytes, all parts in one launch.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/concat.h"

#include <algorithm>

#include "lib/device/cuda/piece_copy.h"

namespace dl::cuda {
namespace {

// Where a part begins in its input and in the output, and how its rows lie.
struct Part {
  int64_t bytes, from_step, to_step, from = 0, to = 0;
};

class CopyParts final : public Kernel {
 public:
  CopyParts(std::vector<Part> parts, int64_t rows, CudaDevice& device)
      : parts_(std::move(parts)), rows_(rows), copy_(device) {}

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    for (size_t k = 0; k < parts_.size(); ++k) {
      const Part& part = parts_[k];
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
  const std::vector<Part> parts_;
  const int64_t rows_;
  PieceCopy copy_;
};

int64_t rows_before(const Type& type, int axis) {
  int64_t rows = 1;
  for (int i = 0; i < axis; ++i) rows *= type.shape[i];
  return rows;
}

std::unique_ptr<Kernel> make_concat(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                    CudaDevice& device) {
  const int64_t rows = rows_before(outputs[0], dynamic_cast<const Concat&>(op).axis);
  const int64_t whole = outputs[0].bytes() / std::max<int64_t>(rows, 1);
  std::vector<Part> parts;
  int64_t to = 0;
  for (const Type& part : inputs) {
    const int64_t bytes = part.bytes() / std::max<int64_t>(rows, 1);
    parts.push_back({.bytes = bytes, .from_step = bytes, .to_step = whole, .to = to});
    to += bytes;
  }
  return std::make_unique<CopyParts>(std::move(parts), rows, device);
}

std::unique_ptr<Kernel> make_slice(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                   CudaDevice& device) {
  const auto& slice = dynamic_cast<const Slice&>(op);
  const int64_t rows = rows_before(outputs[0], slice.axis), at_least_one = std::max<int64_t>(rows, 1);
  const int64_t whole = inputs[0].bytes() / at_least_one, bytes = outputs[0].bytes() / at_least_one;
  const int64_t of_one = whole / std::max<int64_t>(inputs[0].shape[slice.axis], 1);
  const Part part{.bytes = bytes, .from_step = whole, .to_step = bytes, .from = of_one * slice.begin};
  return std::make_unique<CopyParts>(std::vector<Part>{part}, rows, device);
}

DL_CUDA_KERNEL("concat", make_concat);
DL_CUDA_KERNEL("slice", make_slice);

}  // namespace
}  // namespace dl::cuda
