// Operations that move elements without changing them, on a GPU.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/shape_ops.h"

#include <optional>

#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/piece_copy.h"
#include "lib/device/cuda/strided_plan.h"

namespace dl::cuda {
namespace {

class StridedKernel final : public Kernel {
 public:
  StridedKernel(std::vector<StridedDimension> dimensions, int64_t element_bytes, CudaDevice& device)
      : plan_(std::move(dimensions), element_bytes) {
    if (plan_.empty) return;
    KernelSource source{.header = "strided.h", .threads = plan_.grid.threads};
    if (plan_.tiled) {
      source.call = "transpose_tiles", source.arguments = "TransposeTiles";
      tiles_.emplace(device, source, plan_.grid);
    } else {
      source.call = "copy_strided", source.arguments = "StridedCopy";
      copy_.emplace(device, source, plan_.grid);
    }
  }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const auto* from = static_cast<const unsigned char*>(in[0]);
    auto* to = static_cast<unsigned char*>(out[0]);
    if (tiles_) {
      plan_.tiles.from = from, plan_.tiles.to = to;
      (*tiles_)(plan_.tiles);
    } else if (copy_) {
      StridedCopy& copy = is_aligned(from, 16) && is_aligned(to, 16) ? plan_.wide : plan_.narrow;
      copy.from = from, copy.to = to;
      (*copy_)(copy);
    }
  }

 private:
  StridedPlan plan_;
  std::optional<Launch<TransposeTiles>> tiles_;
  std::optional<Launch<StridedCopy>> copy_;
};

std::unique_ptr<Kernel> make_transpose(const Op& op, std::span<const Type> in, std::span<const Type>,
                                       CudaDevice& device) {
  return std::make_unique<StridedKernel>(transposed_dimensions(dynamic_cast<const Transpose&>(op), in[0].shape),
                                         bytes_of(in[0].dtype), device);
}

std::unique_ptr<Kernel> make_broadcast_to(const Op&, std::span<const Type> in, std::span<const Type> out,
                                          CudaDevice& device) {
  return std::make_unique<StridedKernel>(broadcast_dimensions(in[0].shape, out[0].shape), bytes_of(in[0].dtype),
                                         device);
}

// Copies the parts that do not lie where they belong already, and clears the gaps.
class PackKernel final : public Kernel {
 public:
  PackKernel(const Pack& op, std::span<const Type> in, CudaDevice& device)
      : offsets_(op.offsets), size_(op.size), copy_(device) {
    for (const Type& part : in) sizes_.push_back(part.shape.elements());
  }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    auto* y = static_cast<float*>(out[0]);
    int64_t end = 0;
    for (size_t k = 0; k < sizes_.size(); ++k) {
      put(nullptr, y + end, offsets_[k] - end);
      if (in[k] != y + offsets_[k]) put(static_cast<const float*>(in[k]), y + offsets_[k], sizes_[k]);
      end = offsets_[k] + sizes_[k];
    }
    put(nullptr, y + end, size_ - end);
    copy_.launch();
  }

 private:
  void put(const float* from, float* to, int64_t count) {
    copy_.add({.from = from, .to = to, .bytes = count * static_cast<int64_t>(sizeof(float))});
  }

  const std::vector<int64_t> offsets_;
  const int64_t size_;
  std::vector<int64_t> sizes_;
  PieceCopy copy_;
};

std::unique_ptr<Kernel> make_pack(const Op& op, std::span<const Type> in, std::span<const Type>, CudaDevice& device) {
  return std::make_unique<PackKernel>(dynamic_cast<const Pack&>(op), in, device);
}

DL_CUDA_KERNEL("transpose", make_transpose);
DL_CUDA_KERNEL("broadcast_to", make_broadcast_to);
DL_CUDA_KERNEL("pack", make_pack);

}  // namespace
}  // namespace dl::cuda
