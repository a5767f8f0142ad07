// The product of two matrices.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/matmul.h"

#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/product.h"

namespace dl::cuda {
namespace {

class MatMulKernel final : public Kernel {
 public:
  MatMulKernel(CudaDevice& device, const ProductShape& shape) : product_(device, shape) {}
  int64_t scratch_bytes() const override { return product_.scratch_bytes(); }
  std::string way() const override { return product_.way(); }
  void run(std::span<void* const> inputs, std::span<void* const> outputs, void* scratch) override {
    product_.run(inputs[0], inputs[1], static_cast<float*>(outputs[0]), scratch);
  }

 private:
  Product product_;
};

std::unique_ptr<Kernel> make_matmul(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                    CudaDevice& device) {
  const auto& matmul = dynamic_cast<const MatMul&>(op);
  ProductShape shape{.factors = inputs[0].dtype, .n = outputs[0].shape.last()};
  shape.k = inputs[0].shape[matmul.transpose_a ? 0 : -1];
  shape.m = shape.n > 0 ? outputs[0].shape.elements() / shape.n : 0;
  shape.transpose_a = matmul.transpose_a, shape.transpose_b = matmul.transpose_b;
  return std::make_unique<MatMulKernel>(device, shape);
}

DL_CUDA_KERNEL("matmul", make_matmul);

}  // namespace
}  // namespace dl::cuda
