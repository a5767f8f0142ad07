// A product and the loop behind it: the bias is the library's to add, what is left of the loop a kernel over the
// product, which lies where the loop writes over it if it can.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/division.h"
#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/loop_bias.h"
#include "lib/device/cuda/matmul.h"

namespace dl::cuda {
namespace {

class EpilogueKernel final : public Kernel {
 public:
  EpilogueKernel(const EpilogueOp& op, std::span<const Type> inputs, std::span<const Type> outputs, CudaDevice& device)
      : EpilogueKernel(op, types_of_loop(op, inputs), inputs, outputs, device) {}

  // The product, where no output has a place for it, and the bias lie before what is needed to make it and then to run
  // the loop.
  int64_t scratch_bytes() const override {
    return product_bytes_ + bias_bytes_ + std::max(product_.scratch_bytes(), loop_ ? loop_->scratch_bytes() : 0);
  }
  bool in_place(int in, int out) const override {
    const int of_loop = in - static_cast<int>(base_inputs_) + 1;
    return loop_ && of_loop > 0 && lands_in_ != static_cast<size_t>(out) && loop_->in_place(of_loop, out);
  }
  std::string way() const override { return concat(product_.way(), split_ ? " with bias" : ""); }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, void* scratch) override {
    of_loop_.assign(1, nullptr);
    of_loop_.insert(of_loop_.end(), inputs.begin() + static_cast<std::ptrdiff_t>(base_inputs_), inputs.end());
    void* const product = of_loop_[0] = lands_in_ ? outputs[*lands_in_] : scratch;
    std::byte* const behind = static_cast<std::byte*>(scratch) + product_bytes_;
    void* const rest = behind + bias_bytes_;
    product_.run(inputs[0], inputs[1], static_cast<float*>(product), rest, false, split_ ? bias(behind) : nullptr);
    if (!loop_) return;
    loop_->run(of_loop_, outputs, rest);
  }

 private:
  // The library's kernels may read 16 bytes of it at once; one that is a part of another's may begin between them.
  const float* bias(void* room) {
    const void* const given = of_loop_[static_cast<size_t>(split_->bias)];
    if (is_aligned(given, 16)) return static_cast<const float*>(given);
    device_.copy(room, given, columns_ * int64_t{sizeof(float)});
    return static_cast<const float*>(room);
  }

  static std::vector<Type> types_of_loop(const EpilogueOp& op, std::span<const Type> inputs) {
    std::vector<Type> types{op.base_type};
    types.insert(types.end(), inputs.begin() + op.base_inputs, inputs.end());
    return types;
  }
  static ProductShape shape_of(const EpilogueOp& op, std::span<const Type> inputs, bool bias) {
    ProductShape shape = product_shape(dynamic_cast<const MatMul&>(*op.base), inputs, op.base_type);
    shape.bias = bias;
    return shape;
  }
  EpilogueKernel(const EpilogueOp& op, const std::vector<Type>& of_loop, std::span<const Type> inputs,
                 std::span<const Type> outputs, CudaDevice& device)
      : device_(device),
        base_inputs_(static_cast<size_t>(op.base_inputs)),
        columns_(op.base_type.shape.last()),
        split_(split_bias(op.loop.loop, of_loop)),
        product_(device, shape_of(op, inputs, split_.has_value())) {
    if (!product_.adds_bias()) split_.reset();
    if (split_) bias_bytes_ = round_up(columns_ * int64_t{sizeof(float)}, 256);
    const Loop& left = split_ ? split_->loop : op.loop.loop;
    if (only_stores_product(left) && outputs[0].dtype == DType::f32) {
      lands_in_ = 0;
      return;
    }
    loop_ = device.compile(LoopOp(left, op.loop.outputs), of_loop, outputs);
    for (size_t i = 0; i < outputs.size() && !lands_in_; ++i) {
      const bool fits = outputs[i].dtype == DType::f32 && outputs[i].bytes() == op.base_type.bytes();
      if (fits && loop_->in_place(0, static_cast<int>(i))) lands_in_ = i;
    }
    if (!lands_in_) product_bytes_ = round_up(op.base_type.bytes(), int64_t{256});
  }

  CudaDevice& device_;
  const size_t base_inputs_;
  const int64_t columns_;
  std::optional<BiasedLoop> split_;  // where the product adds the bias
  const Product product_;
  std::unique_ptr<Kernel> loop_;    // none: the product is all
  std::optional<size_t> lands_in_;  // the output in whose place the product is made
  int64_t product_bytes_ = 0;       // of working memory, where there is none
  int64_t bias_bytes_ = 0;          // the same for a bias that is not aligned
  std::vector<void*> of_loop_;      // pointers of the loop's inputs at this run
};

std::unique_ptr<Kernel> make_epilogue(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                      CudaDevice& device) {
  return std::make_unique<EpilogueKernel>(dynamic_cast<const EpilogueOp&>(op), inputs, outputs, device);
}

DL_CUDA_KERNEL("epilogue", make_epilogue);

}  // namespace
}  // namespace dl::cuda
