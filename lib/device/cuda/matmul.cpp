// The product of two matrices.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/matmul.h"

#include <numeric>

#include "lib/device/cuda/cuda.h"

namespace dl::cuda {

ProductShape product_shape(const MatMul& matmul, std::span<const Type> inputs, const Type& output) {
  ProductShape shape{.factors = inputs[0].dtype, .n = output.shape.last()};
  shape.k = inputs[0].shape[matmul.transpose_a ? 0 : -1];
  shape.m = shape.n > 0 ? output.shape.elements() / shape.n : 0;
  shape.transpose_a = matmul.transpose_a, shape.transpose_b = matmul.transpose_b;
  // A weight may be rows of a larger one, which begin at a multiple of a row.
  shape.b_alignment = std::gcd(int64_t{16}, shape.b_columns() * bytes_of(shape.factors));
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
