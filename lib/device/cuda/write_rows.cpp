// Rows of a tensor replaced on a GPU; where the tensor may be written over, the others are not touched.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/write_rows.h"

#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/kernels/write_rows.h"

namespace dl::cuda {
namespace {

class WriteRowsKernel final : public Kernel {
 public:
  WriteRowsKernel(const Shape& into, CudaDevice& device)
      : batch_(into[0]),
        length_(into[1]),
        width_(into[2]),
        all_(device, source(), grid(batch_ * length_ * width_)),
        few_(device, source(), grid(batch_ * width_)) {}

  bool in_place(int in, int out) const override { return in == 0 && out == 0; }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const bool wide = width_ % 4 == 0 && is_aligned(in[0], 16) && is_aligned(in[1], 16) && is_aligned(out[0], 16);
    const bool in_place = in[0] == out[0];
    const int64_t row_units = wide ? width_ / 4 : width_, rows = batch_ * (in_place ? 1 : length_);
    if (rows * row_units == 0) return;
    (in_place ? few_ : all_)({.into = static_cast<const unsigned char*>(in[0]),
                              .rows = static_cast<const unsigned char*>(in[1]),
                              .position = static_cast<const int*>(in[2]),
                              .y = static_cast<unsigned char*>(out[0]),
                              .units = rows * row_units,
                              .row_units = index_divisor(row_units, rows * row_units),
                              .length = index_divisor(length_, rows),
                              .unit = wide ? 16 : 4});
  }

 private:
  static KernelSource source() {
    return {.header = "write_rows.h", .call = "write_rows", .arguments = "WriteRows", .threads = WriteRows::threads};
  }
  static Grid grid(int64_t elements) {
    return {.x = blocks_for(elements / 4, WriteRows::block_units), .threads = WriteRows::threads};
  }

  const int64_t batch_, length_, width_;
  Launch<WriteRows> all_, few_;
};

std::unique_ptr<Kernel> make_write_rows(const Op&, std::span<const Type> inputs, std::span<const Type>,
                                        CudaDevice& device) {
  return std::make_unique<WriteRowsKernel>(inputs[0].shape, device);
}

DL_CUDA_KERNEL("write_rows", make_write_rows);

}  // namespace
}  // namespace dl::cuda
