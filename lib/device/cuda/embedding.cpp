// Embedding on a GPU.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/embedding.h"

#include <optional>

#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/embedding_plan.h"

namespace dl::cuda {
namespace {

class EmbeddingKernel final : public Kernel {
 public:
  EmbeddingKernel(const Type& table, const Type& indices, CudaDevice& device)
      : plan_(table.shape[0], table.shape[1], indices.shape.elements()),
        gather_(device, source("gather_rows"), plan_.grid) {
    if (plan_.wide.search_blocks > 1) find_fault_.emplace(device, source("find_fault"), plan_.find_grid);
  }

  bool finds_faults() const override { return true; }
  Problem problem(int32_t index) const override { return no_such_row(index, plan_.wide.rows); }
  int64_t scratch_bytes() const override {
    return find_fault_ ? plan_.wide.search_blocks * static_cast<int64_t>(sizeof(int)) : 0;
  }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const bool wide = plan_.wide.unit > plan_.narrow.unit && is_aligned(in[0], 16) && is_aligned(out[0], 16);
    GatherRows& arguments = wide ? plan_.wide : plan_.narrow;
    arguments.table = static_cast<const unsigned char*>(in[0]);
    arguments.indices = static_cast<const int*>(in[1]);
    arguments.y = static_cast<unsigned char*>(out[0]);
    arguments.fault = static_cast<FaultWord*>(out[1]);
    arguments.wrong = static_cast<int*>(scratch);
    gather_(arguments);
    if (find_fault_) (*find_fault_)(arguments);
  }

 private:
  static KernelSource source(const char* call) {
    return {.header = "embedding.h", .call = call, .arguments = "GatherRows", .threads = GatherRows::threads};
  }

  EmbeddingPlan plan_;
  Launch<GatherRows> gather_;
  std::optional<Launch<GatherRows>> find_fault_;
};

class EmbeddingGradKernel final : public Kernel {
 public:
  EmbeddingGradKernel(const EmbeddingGrad& op, const Type& dy, const Type& indices, CudaDevice& device)
      : device_(device), plan_(op.rows, op.padding, dy.shape.last(), indices.shape.elements()) {
    if (plan_.passes.empty()) return;
    const auto source = [](const char* call) {
      return KernelSource{
          .header = "embedding_grad.h", .call = call, .arguments = "SortPass", .threads = SortPass::threads};
    };
    const Grid pieces{
        .x = plan_.passes[0].pieces, .threads = SortPass::threads, .shared_bytes = SortPass::shared_bytes};
    if (pieces.x > 1) {
      count_.emplace(device, source("count_digits"), pieces);
      add_up_.emplace(device, source("add_up_counts"),
                      Grid{.x = SortPass::digits, .threads = SortPass::threads, .shared_bytes = 32 * 4});
    }
    place_.emplace(device, source("place_items"), pieces);
    for (const EmbeddingGradPlan::Level& level : plan_.levels)
      add_.emplace_back(
          device,
          KernelSource{
              .header = "embedding_grad.h", .call = "add_rows", .arguments = "AddRows", .threads = level.grid.threads},
          level.grid);
  }

  int64_t scratch_bytes() const override { return plan_.scratch_bytes; }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    device_.driver().fill(out[0], 0, plan_.table_bytes, device_.stream());
    auto* const memory = static_cast<std::byte*>(scratch);
    for (size_t i = 0; i < plan_.passes.size(); ++i) {
      const SortPass pass = plan_.pass(i, static_cast<const int*>(in[1]), memory);
      if (count_) {
        (*count_)(pass);
        (*add_up_)(pass);
      }
      (*place_)(pass);
    }
    const auto* dy = static_cast<const float*>(in[0]);
    auto* table = static_cast<float*>(out[0]);
    for (size_t i = 0; i < add_.size(); ++i) add_[i](plan_.level(i, dy, table, memory));
  }

 private:
  CudaDevice& device_;
  const EmbeddingGradPlan plan_;
  std::optional<Launch<SortPass>> count_, add_up_, place_;
  std::vector<Launch<AddRows>> add_;
};

std::unique_ptr<Kernel> make_embedding(const Op&, std::span<const Type> inputs, std::span<const Type>,
                                       CudaDevice& device) {
  return std::make_unique<EmbeddingKernel>(inputs[0], inputs[1], device);
}

std::unique_ptr<Kernel> make_embedding_grad(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                            CudaDevice& device) {
  return std::make_unique<EmbeddingGradKernel>(dynamic_cast<const EmbeddingGrad&>(op), inputs[0], inputs[1], device);
}

DL_CUDA_KERNEL("embedding", make_embedding);
DL_CUDA_KERNEL("embedding_grad", make_embedding_grad);

}  // namespace
}  // namespace dl::cuda
