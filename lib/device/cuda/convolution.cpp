// Convolutions of one to three axes and their gradients: our own products, or cuDNN's where it is there and has a plan.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/convolution.h"

#include <optional>

#include "lib/device/cuda/convolution_plan.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/cudnn.h"
#include "lib/device/cuda/scratch.h"

namespace dl::cuda {
namespace {

// A weight as a kernel reads it, made anew in each run.
class TurnedWeight {
 public:
  TurnedWeight(const WeightTransposition& transposition, bool bf16, CudaDevice& device) {
    if (!transposition) return;
    bytes_ = transposition.elements() * (bf16 ? 2 : 4);
    arguments_ = transposition.arguments();
    launch_.emplace(device, transposition.source(bf16), transposition.grid(bf16 ? 2 : 4));
  }
  int64_t bytes() const { return bytes_; }
  const void* operator()(const void* weight, void* scratch) {
    if (!launch_) return weight;
    arguments_.from = weight;
    arguments_.to = scratch;
    (*launch_)(arguments_);
    return scratch;
  }

 private:
  int64_t bytes_ = 0;
  TransposeWeight arguments_{};
  std::optional<Launch<TransposeWeight>> launch_;
};

// An output, or an input's gradient, by a plan of products or a direct one.
template <class Plan>
class OfWeight final : public Kernel {
 public:
  OfWeight(const Plan& plan, bool bf16, CudaDevice& device)
      : arguments_(plan.arguments),
        weight_(plan.transposition, bf16, device),
        launch_(device, plan.source(), plan.grid) {}
  int64_t scratch_bytes() const override { return weight_.bytes(); }
  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    arguments_.source = in[0];
    arguments_.weight = weight_(in[1], scratch);
    arguments_.made = static_cast<float*>(out[0]);
    launch_(arguments_);
  }
  std::string way() const override { return "own"; }

 private:
  decltype(Plan::arguments) arguments_;
  TurnedWeight weight_;
  Launch<decltype(Plan::arguments)> launch_;
};

// A weight's gradient: pieces, and their sum.
template <class Plan>
class GradWeight final : public Kernel {
 public:
  GradWeight(const Plan& plan, const ConvolutionShapes& shapes, CudaDevice& device)
      : GradWeight(plan, shapes, plan_add_pieces(shapes, plan.pieces), device) {}
  int64_t scratch_bytes() const override { return bytes_; }
  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    arguments_.x = in[0];
    arguments_.dy = in[1];
    arguments_.sums = static_cast<float*>(scratch);
    launch_(arguments_);
    add_arguments_.sums = static_cast<const float*>(scratch);
    add_arguments_.weight = static_cast<float*>(out[0]);
    add_(add_arguments_);
  }
  std::string way() const override { return "own"; }

 private:
  GradWeight(const Plan& plan, const ConvolutionShapes& shapes, const AddPiecesPlan& add, CudaDevice& device)
      : arguments_(plan.arguments),
        add_arguments_(add.arguments),
        bytes_(plan.pieces * shapes.weight.elements() * 4),
        launch_(device, plan.source(), plan.grid),
        add_(device, add.source(), add.grid) {}

  decltype(Plan::arguments) arguments_;
  AddWeightPieces add_arguments_;
  int64_t bytes_;
  Launch<decltype(Plan::arguments)> launch_;
  Launch<AddWeightPieces> add_;
};

// By cuDNN, which keeps a weight's taps outside its channels.
class ByCudnn final : public Kernel {
 public:
  using Makes = CudnnConvolution::Makes;
  ByCudnn(std::unique_ptr<CudnnConvolution> convolution, Makes makes, const ConvolutionShapes& shapes,
          CudaDevice& device)
      : convolution_(std::move(convolution)),
        makes_(makes),
        device_(device),
        weight_(makes == Makes::dw ? WeightTransposition{} : weight_with_taps_outside(shapes), shapes.bf16, device) {
    if (makes == Makes::dw && weight_with_taps_outside(shapes)) {
      const AddPiecesPlan put = plan_add_pieces(shapes, 1);
      put_arguments_ = put.arguments;
      put_.emplace(device, put.source(), put.grid);
      workspace_at_ = shapes.weight.elements() * 4;
    } else {
      workspace_at_ = weight_.bytes();
    }
  }
  int64_t scratch_bytes() const override { return workspace_at_ + library_bytes(convolution_->workspace_bytes()); }
  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    void* workspace = library_aligned(bytes_at(scratch, workspace_at_));
    const Stream stream = device_.stream();
    if (makes_ == Makes::y) {
      convolution_->run(in[0], weight_(in[1], scratch), out[0], workspace, stream);
    } else if (makes_ == Makes::dx) {
      convolution_->run(out[0], weight_(in[1], scratch), in[0], workspace, stream);
    } else {
      convolution_->run(in[0], put_ ? scratch : out[0], in[1], workspace, stream);
      if (!put_) return;
      put_arguments_.sums = static_cast<const float*>(scratch);
      put_arguments_.weight = static_cast<float*>(out[0]);
      (*put_)(put_arguments_);
    }
  }
  std::string way() const override { return "cudnn"; }

 private:
  const std::unique_ptr<CudnnConvolution> convolution_;
  const Makes makes_;
  CudaDevice& device_;
  TurnedWeight weight_;
  AddWeightPieces put_arguments_{};  // a weight's gradient, as it is stored
  std::optional<Launch<AddWeightPieces>> put_;
  int64_t workspace_at_ = 0;
};

// Null where our own kernel is taken.
std::unique_ptr<Kernel> by_cudnn(const ConvolutionShapes& s, CudnnConvolution::Makes makes, CudaDevice& device) {
  if (!device.cudnn() || !gains_by_library(s)) return nullptr;
  auto plan = CudnnConvolution::plan(*device.cudnn(), s, makes);
  return plan ? std::make_unique<ByCudnn>(std::move(plan), makes, s, device) : nullptr;
}

ConvolutionShapes shapes_of(const Op& op, const Shape& x, const Shape& weight, const Shape& y, DType dtype,
                            const CudaDevice& device) {
  const auto& convolution = dynamic_cast<const ConvolutionOp&>(op);
  return {.window = convolution.window,
          .groups = convolution.groups,
          .x = x,
          .weight = weight,
          .y = y,
          .bf16 = dtype == DType::bf16,
          .tf32 = device.tf32()};
}

std::unique_ptr<Kernel> of_weight(const ConvolutionShapes& s, bool gradient, CudaDevice& device) {
  if (s.depthwise()) return std::make_unique<OfWeight<DepthwisePlan>>(plan_depthwise(s, gradient), s.bf16, device);
  using Makes = CudnnConvolution::Makes;
  if (auto kernel = by_cudnn(s, gradient ? Makes::dx : Makes::y, device)) return kernel;
  return std::make_unique<OfWeight<ConvolvePlan>>(plan_convolve(s, gradient), s.bf16, device);
}

std::unique_ptr<Kernel> make_convolution(const Op& op, std::span<const Type> in, std::span<const Type> out,
                                         CudaDevice& device) {
  return of_weight(shapes_of(op, in[0].shape, in[1].shape, out[0].shape, in[0].dtype, device), false, device);
}

std::unique_ptr<Kernel> make_grad_input(const Op& op, std::span<const Type> in, std::span<const Type> out,
                                        CudaDevice& device) {
  return of_weight(shapes_of(op, out[0].shape, in[1].shape, in[0].shape, in[0].dtype, device), true, device);
}

std::unique_ptr<Kernel> make_grad_weight(const Op& op, std::span<const Type> in, std::span<const Type> out,
                                         CudaDevice& device) {
  const ConvolutionShapes s = shapes_of(op, in[0].shape, out[0].shape, in[1].shape, in[0].dtype, device);
  if (s.depthwise()) return std::make_unique<GradWeight<DepthwiseWeightPlan>>(plan_depthwise_weight(s), s, device);
  if (auto kernel = by_cudnn(s, CudnnConvolution::Makes::dw, device)) return kernel;
  return std::make_unique<GradWeight<ConvolveWeightPlan>>(plan_convolve_weight(s), s, device);
}

DL_CUDA_KERNEL("convolution", make_convolution);
DL_CUDA_KERNEL("convolution_grad_input", make_grad_input);
DL_CUDA_KERNEL("convolution_grad_weight", make_grad_weight);

}  // namespace
}  // namespace dl::cuda
