// Cross-entropy of rows of logits on a GPU.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/cross_entropy.h"

#include <cmath>

#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/kernels/cross_entropy.h"

namespace dl::cuda {
namespace {

LogitRows rows_of(const Shape& logits, double smoothing) {
  LogitRows rows{};
  rows.rows = logits[0], rows.classes = logits[1];
  rows.smoothing = static_cast<float>(smoothing);
  return rows;
}

KernelSource source(const char* call) {
  return {.header = "cross_entropy.h", .call = call, .arguments = "LogitRows", .threads = LogitRows::threads};
}

class CrossEntropyKernel final : public Kernel {
 public:
  CrossEntropyKernel(double smoothing, const Shape& logits, CudaDevice& device)
      : rows_(rows_of(logits, smoothing)),
        launch_(
            device, source("logit_rows_losses"),
            {.x = blocks_for(rows_.rows, 1), .threads = LogitRows::threads, .shared_bytes = LogitRows::shared_bytes}) {}

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    rows_.logits = static_cast<const float*>(in[0]);
    rows_.hits = static_cast<const int*>(in[1]);
    rows_.losses = static_cast<float*>(out[0]);
    rows_.log_sums = static_cast<float*>(out[1]);
    launch_(rows_);
  }

 private:
  LogitRows rows_;
  Launch<LogitRows> launch_;
};

class CrossEntropyGradKernel final : public Kernel {
 public:
  CrossEntropyGradKernel(double smoothing, const Shape& logits, CudaDevice& device)
      : rows_(rows_of(logits, smoothing)),
        pieces_(pieces(rows_.rows, rows_.classes)),
        launch_(device, source("logit_rows_gradient"),
                {.x = blocks_for(rows_.rows * pieces_, 1), .threads = LogitRows::threads}) {
    rows_.pieces = index_divisor(pieces_, rows_.rows * pieces_);
  }

  bool in_place(int in, int out) const override { return in == 0 && out == 0; }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    rows_.logits = static_cast<const float*>(in[0]);
    rows_.hits = static_cast<const int*>(in[1]);
    rows_.given_log_sums = static_cast<const float*>(in[2]);
    rows_.d = static_cast<const float*>(in[3]);
    rows_.dx = static_cast<float*>(out[0]);
    launch_(rows_);
  }

 private:
  // Where rows are few, blocks share them.
  static int64_t pieces(int64_t rows, int64_t classes) {
    return std::max<int64_t>(std::min(ceil_div(1024, std::max<int64_t>(rows, 1)), classes / 4096), 1);
  }

  LogitRows rows_;
  const int64_t pieces_;
  Launch<LogitRows> launch_;
};

std::unique_ptr<Kernel> make_cross_entropy(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                           CudaDevice& device) {
  return std::make_unique<CrossEntropyKernel>(dynamic_cast<const CrossEntropy&>(op).smoothing, inputs[0].shape, device);
}

std::unique_ptr<Kernel> make_cross_entropy_grad(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                                CudaDevice& device) {
  return std::make_unique<CrossEntropyGradKernel>(dynamic_cast<const CrossEntropyGrad&>(op).smoothing, inputs[0].shape,
                                                  device);
}

DL_CUDA_KERNEL("cross_entropy", make_cross_entropy);
DL_CUDA_KERNEL("cross_entropy_grad", make_cross_entropy_grad);

}  // namespace
}  // namespace dl::cuda
