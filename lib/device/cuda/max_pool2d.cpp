// max_pool2d and its gradient: a thread a place and its neighbouring channels.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/max_pool2d_plan.h"
#include "lib/graph/ops/pool.h"

namespace dl::cuda {
namespace {

class MaxPool final : public Kernel {
 public:
  MaxPool(MaxPoolPlan plan, CudaDevice& device)
      : plan_(std::move(plan)),
        with_places_(device, plan_.source(true), plan_.grid),
        alone_(device, plan_.source(false), plan_.grid) {}
  void unread(int output) override { places_read_ = places_read_ && output != 1; }
  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    Pool& a = plan_.arguments;
    a.x = static_cast<const float*>(in[0]);
    a.y = static_cast<float*>(out[0]);
    a.places = out[1];
    places_read_ ? with_places_(a) : alone_(a);
  }

 private:
  MaxPoolPlan plan_;
  bool places_read_ = true;  // by the gradient alone
  Launch<Pool> with_places_, alone_;
};

class MaxPoolGradient final : public Kernel {
 public:
  MaxPoolGradient(const MaxPoolGradientPlan& plan, CudaDevice& device)
      : arguments_(plan.arguments), launch_(device, plan.source(), plan.grid) {}
  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    arguments_.dy = static_cast<const float*>(in[0]);
    arguments_.places = in[1];
    arguments_.dx = static_cast<float*>(out[0]);
    launch_(arguments_);
  }

 private:
  PoolGradient arguments_;
  Launch<PoolGradient> launch_;
};

std::unique_ptr<Kernel> make_max_pool2d(const Op& op, std::span<const Type> in, std::span<const Type> out,
                                        CudaDevice& device) {
  return std::make_unique<MaxPool>(
      plan_max_pool2d(dynamic_cast<const MaxPool2d&>(op).window, in[0].shape, out[0].shape, out[1].dtype), device);
}

std::unique_ptr<Kernel> make_max_pool2d_grad(const Op& op, std::span<const Type> in, std::span<const Type> out,
                                             CudaDevice& device) {
  return std::make_unique<MaxPoolGradient>(
      plan_max_pool2d_gradient(dynamic_cast<const MaxPool2dGrad&>(op).window, out[0].shape, in[0].shape, in[1].dtype),
      device);
}

DL_CUDA_KERNEL("max_pool2d", make_max_pool2d);
DL_CUDA_KERNEL("max_pool2d_grad", make_max_pool2d_grad);

}  // namespace
}  // namespace dl::cuda
