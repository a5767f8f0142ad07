// matmul on the CPU.
#include "lib/graph/ops/matmul.h"

#include <algorithm>

#include "lib/device/cpu/product.h"

namespace dl {
namespace {

Gemm shape_of(const MatMul& op, const Type& a, const Type& b) {
  Gemm g;
  const int64_t a_width = a.shape.last(), b_width = b.shape[1];
  g.rows = op.transpose_a ? a_width : a.shape.elements() / std::max<int64_t>(a_width, 1);
  g.depth = op.transpose_a ? a.shape[0] : a_width;
  g.columns = b.shape[op.transpose_b ? 0 : 1];
  g.a_row = op.transpose_a ? 1 : a_width;
  g.a_depth = op.transpose_a ? a_width : 1;
  g.b_depth = op.transpose_b ? 1 : b_width;
  g.b_column = op.transpose_b ? b_width : 1;
  g.c_row = g.columns;
  return g;
}

std::unique_ptr<Kernel> make_matmul(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                    CpuDevice& device, std::unique_ptr<LoopRunner> epilogue) {
  const Gemm shape = shape_of(dynamic_cast<const MatMul&>(op), inputs[0], inputs[1]);
  return std::make_unique<Product>(shape, device, std::move(epilogue));
}

bool always(const Op&, std::span<const Type>) { return true; }

DL_CPU_KERNEL("matmul", make_matmul, always);

}  // namespace
}  // namespace dl
