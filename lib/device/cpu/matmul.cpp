// matmul on the CPU.
#include "lib/graph/ops/matmul.h"

#include "lib/device/cpu/product.h"

namespace dl {
namespace {

Gemm shape_of(const MatMul& op, const Type& a, const Type& b) {
  Gemm g;
  const int64_t a_width = a.shape[1], b_width = b.shape[1];
  g.rows = a.shape[op.transpose_a ? 1 : 0];
  g.depth = a.shape[op.transpose_a ? 0 : 1];
  g.columns = b.shape[op.transpose_b ? 0 : 1];
  g.a_row = op.transpose_a ? 1 : a_width;
  g.a_depth = op.transpose_a ? a_width : 1;
  g.b_depth = op.transpose_b ? 1 : b_width;
  g.b_column = op.transpose_b ? b_width : 1;
  g.c_row = g.columns;
  return g;
}

class MatMulKernel final : public Kernel {
 public:
  MatMulKernel(const Gemm& shape, CpuDevice& device, std::unique_ptr<LoopRunner> epilogue)
      : epilogue_(std::move(epilogue)), product_(shape, device, epilogue_.get()) {}

  int64_t scratch_bytes() const override { return product_.scratch_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const float* a = static_cast<const float*>(in[0]);
    const float* b = static_cast<const float*>(in[1]);
    if (epilogue_ == nullptr) {
      product_.run(a, b, static_cast<float*>(out[0]), scratch);
    } else {
      product_.run(a, b, in.subspan(2), out, scratch);
    }
  }

 private:
  std::unique_ptr<LoopRunner> epilogue_;
  Product product_;
};

std::unique_ptr<Kernel> make_matmul(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                    CpuDevice& device, std::unique_ptr<LoopRunner> epilogue) {
  const Gemm shape = shape_of(dynamic_cast<const MatMul&>(op), inputs[0], inputs[1]);
  return std::make_unique<MatMulKernel>(shape, device, std::move(epilogue));
}

bool always(const Op&, std::span<const Type>) { return true; }

DL_CPU_KERNEL("matmul", make_matmul, always);

}  // namespace
}  // namespace dl
