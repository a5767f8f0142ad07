// The product of two matrices.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/matmul.h"

#include "lib/device/cuda/cuda.h"

namespace dl::cuda {

ProductShape product_shape(const MatMul& matmul, std::span<const Type> inputs, const Type& output) {
  ProductShape shape{.factors = inputs[0].dtype, .n = output.shape.last()};
  shape.k = inputs[0].shape[matmul.transpose_a ? 0 : -1];
  shape.m = shape.n > 0 ? output.shape.elements() / shape.n : 0;
  shape.transpose_a = matmul.transpose_a, shape.transpose_b = matmul.transpose_b;
  return shape;
}

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
  return std::make_unique<MatMulKernel>(device, product_shape(dynamic_cast<const MatMul&>(op), inputs, outputs[0]));
}

DL_CUDA_KERNEL("matmul", make_matmul);

}  // namespace
}  // namespace dl::cuda
