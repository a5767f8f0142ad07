// matmul on the CPU.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/matmul.h"

#include <algorithm>

#include "lib/device/cpu/product.h"

namespace dl {
namespace {

template <class T>
GemmOf<T> shape_of(const MatMul& op, const Type& a, const Type& b) {
  GemmOf<T> g;
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
  const auto& product = dynamic_cast<const MatMul&>(op);
  if (inputs[0].dtype == DType::bf16) {
    return std::make_unique<Bf16Product>(shape_of<uint16_t>(product, inputs[0], inputs[1]), device,
                                         std::move(epilogue));
  }
  return std::make_unique<Product>(shape_of<float>(product, inputs[0], inputs[1]), device, std::move(epilogue));
}

bool always(const Op&, std::span<const Type>) { return true; }

DL_CPU_KERNEL("matmul", make_matmul, always);

}  // namespace
}  // namespace dl
