// Convolutions over windows of any rank, and their gradients: as those of images where memory lies like images, else as
// volumes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/convolution.h"

#include "lib/device/cpu/conv2d.h"
#include "lib/device/cpu/volume.h"
#include "lib/device/cpu/volume_plan.h"

namespace dl {
namespace {

std::unique_ptr<Kernel> make_convolution(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                         CpuDevice& device, std::unique_ptr<LoopRunner> epilogue) {
  const auto& conv = dynamic_cast<const Convolution&>(op);
  const ConvShapes shapes{conv.window, conv.groups, inputs[0].shape, inputs[1].shape, outputs[0].shape};
  const DType pixels = inputs[0].dtype;
  if (const auto images = as_images(shapes)) return make_conv2d(*images, pixels, device, std::move(epilogue));
  return make_volume_convolution(shapes, pixels, device, std::move(epilogue));
}

std::unique_ptr<Kernel> make_grad_input(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                        CpuDevice& device, std::unique_ptr<LoopRunner> epilogue) {
  const auto& conv = dynamic_cast<const ConvolutionGradInput&>(op);
  const ConvShapes shapes{conv.window, conv.groups, outputs[0].shape, inputs[1].shape, inputs[0].shape};
  const DType pixels = inputs[0].dtype;
  if (const auto images = as_images(shapes))
    return make_conv2d_grad_input(*images, pixels, device, std::move(epilogue));
  return make_volume_grad_input(shapes, pixels, device, std::move(epilogue));
}

std::unique_ptr<Kernel> make_grad_weight(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                         CpuDevice& device, std::unique_ptr<LoopRunner>) {
  const auto& conv = dynamic_cast<const ConvolutionGradWeight&>(op);
  const ConvShapes shapes{conv.window, conv.groups, inputs[0].shape, outputs[0].shape, inputs[1].shape};
  const DType pixels = inputs[0].dtype;
  if (const auto images = as_images(shapes)) return make_conv2d_grad_weight(*images, pixels, device);
  return make_volume_grad_weight(shapes, pixels, device);
}

bool always(const Op&, std::span<const Type>) { return true; }

DL_CPU_KERNEL("convolution", make_convolution, always);
DL_CPU_KERNEL("convolution_grad_input", make_grad_input, always);
DL_CPU_KERNEL("convolution_grad_weight", make_grad_weight);

}  // namespace
}  // namespace dl
