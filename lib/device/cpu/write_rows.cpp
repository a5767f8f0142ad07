// Rows of a tensor replaced on the CPU; where the tensor may be written over, the others are not touched.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/write_rows.h"

#include <algorithm>

#include "lib/device/cpu/cpu.h"

namespace dl {
namespace {

class WriteRowsKernel final : public Kernel {
 public:
  explicit WriteRowsKernel(Shape shape) : shape_(std::move(shape)) {}
  bool in_place(int in, int out) const override { return in == 0 && out == 0; }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const float* rows = static_cast<const float*>(in[1]);
    float* y = static_cast<float*>(out[0]);
    if (in[0] != out[0]) std::copy_n(static_cast<const float*>(in[0]), shape_.elements(), y);
    for (int64_t b = 0; b < shape_[0]; ++b) {
      const int64_t at = b * shape_[1] + static_cast<const int32_t*>(in[2])[b];
      std::copy_n(rows + b * shape_[2], shape_[2], y + at * shape_[2]);
    }
  }

 private:
  const Shape shape_;
};

std::unique_ptr<Kernel> make_write_rows(const Op&, std::span<const Type> inputs, std::span<const Type>, CpuDevice&,
                                        std::unique_ptr<LoopRunner>) {
  return std::make_unique<WriteRowsKernel>(inputs[0].shape);
}

DL_CPU_KERNEL("write_rows", make_write_rows);

}  // namespace
}  // namespace dl
