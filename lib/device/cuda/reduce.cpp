// Sums, maxima and moments over any axes on a GPU, where a fused loop does not make them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/reduce.h"

#include <optional>

#include "lib/base/error.h"
#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/reduce_plan.h"

namespace dl::cuda {
namespace {

const char* element_name(DType type) {
  switch (type) {
    case DType::f32: return "float";
    case DType::i32: return "int";
    case DType::u8: return "unsigned char";
    case DType::bf16: return "Bf16";
  }
  return "";
}

class ReduceKernel final : public Kernel {
 public:
  // fold: its name among the kernels; words: of its state.
  ReduceKernel(const std::string& fold, int words, const Type& x, const std::vector<int>& axes, CudaDevice& device)
      : plan_(x, axes, words),
        fold_(
            device,
            {.header = "reduce.h",
             .call = concat(plan_.by_rows ? "reduce_rows<" : "reduce_columns<", fold, ", ", element_name(x.dtype), ">"),
             .arguments = "Reduction",
             .threads = plan_.grid.threads},
            plan_.grid) {
    if (plan_.partial_bytes > 0)
      merge_.emplace(device,
                     KernelSource{.header = "reduce.h",
                                  .call = concat("merge_pieces<", fold, ">"),
                                  .arguments = "MergePieces",
                                  .threads = plan_.merge_grid.threads},
                     plan_.merge_grid);
  }

  int64_t scratch_bytes() const override { return plan_.partial_bytes; }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    if (plan_.wide.results == 0) return;
    const bool wide = plan_.alignment > 0 && is_aligned(in[0], plan_.alignment);
    Reduction& arguments = wide ? plan_.wide : plan_.narrow;
    arguments.x = in[0];
    arguments.y = static_cast<float*>(out[0]);
    arguments.variance = out.size() > 1 ? static_cast<float*>(out[1]) : nullptr;
    arguments.partial = static_cast<float*>(scratch);
    fold_(arguments);
    if (!merge_) return;
    plan_.merge.of = arguments;
    (*merge_)(plan_.merge);
  }

 private:
  ReducePlan plan_;
  Launch<Reduction> fold_;
  std::optional<Launch<MergePieces>> merge_;
};

std::unique_ptr<Kernel> make_reduce(const Op& op, std::span<const Type> in, std::span<const Type>, CudaDevice& device) {
  const auto& reduce = dynamic_cast<const Reduce&>(op);
  if (reduce.kind == Reduce::Kind::sum)
    return std::make_unique<ReduceKernel>("FoldSum", FoldSum::words, in[0], reduce.axes, device);
  return std::make_unique<ReduceKernel>("FoldMax", FoldMax::words, in[0], reduce.axes, device);
}

std::unique_ptr<Kernel> make_moments(const Op& op, std::span<const Type> in, std::span<const Type>,
                                     CudaDevice& device) {
  return std::make_unique<ReduceKernel>("FoldMoments", FoldMoments::words, in[0],
                                        dynamic_cast<const MomentsOp&>(op).axes, device);
}

DL_CUDA_KERNEL("reduce_sum", make_reduce);
DL_CUDA_KERNEL("reduce_max", make_reduce);
DL_CUDA_KERNEL("moments", make_moments);

}  // namespace
}  // namespace dl::cuda
