// Convolutions of images, and their gradient with respect to the input.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/conv2d.h"

#include "lib/device/cpu/bf16_conv2d.h"
#include "lib/device/cpu/correlation.h"
#include "lib/device/cpu/product.h"
#include "lib/device/cpu/spread.h"
#include "lib/device/cpu/winograd.h"

namespace dl {
namespace {

// Every output pixel depends on the input pixel in its place only: a matrix product over pixels.
bool is_product(const Window& w, int64_t groups) {
  return groups == 1 && w.all(w.size, 1) && w.all(w.stride, 1) && w.all(w.pad_before, 0) && w.all(w.pad_after, 0);
}

// `shape` lacks rows and depth: pixels and their channels.
std::unique_ptr<Kernel> product_of_pixels(const Type& pixels, Gemm shape, CpuDevice& device,
                                          std::unique_ptr<LoopRunner> epilogue) {
  shape.depth = pixels.shape[3];
  shape.rows = pixels.shape.elements() / shape.depth;
  if (pixels.dtype == DType::f32) return std::make_unique<Product>(shape, device, std::move(epilogue));
  Bf16Gemm g{.a_row = shape.a_row, .b_depth = shape.b_depth, .b_column = shape.b_column, .c_row = shape.c_row};
  g.rows = shape.rows;
  g.columns = shape.columns;
  g.depth = shape.depth;
  return std::make_unique<Bf16Product>(g, device, std::move(epilogue));
}

// By minimal filtering where that pays, else null.
std::unique_ptr<Kernel> minimal_filtering(const Window& window, int64_t groups, const WinogradTiles& tiles,
                                          DType pixels, bool by_in, CpuDevice& device,
                                          std::unique_ptr<LoopRunner>& epilogue) {
  if (!winograd_pays(window, groups, tiles, pixels, device)) return nullptr;
  if (pixels == DType::f32) return std::make_unique<Winograd>(tiles, by_in, device, std::move(epilogue));
  return std::make_unique<Bf16Winograd>(tiles, by_in, device, std::move(epilogue));
}

// A window that slides over `from` and gives `to`: `phases` of its rows and of its columns.
std::unique_ptr<Kernel> sliding(const Type& from, const Shape& weight, const Shape& to, int64_t groups,
                                bool weight_by_out, std::array<std::vector<AxisPhase>, 2> phases, CpuDevice& device,
                                std::unique_ptr<LoopRunner> epilogue) {
  const Shape& x = from.shape;
  CorrelationGeometry g{.images = x[0], .in_height = x[1], .in_width = x[2], .in_channels = x[3]};
  g.out_height = to[1];
  g.out_width = to[2];
  g.out_channels = to[3];
  g.groups = groups;
  g.rows = std::move(phases[0]);
  g.columns = std::move(phases[1]);
  g.weight_by_out = weight_by_out;
  g.kernel_height = weight[2];
  g.kernel_width = weight[3];
  if (from.dtype == DType::bf16) return make_bf16_correlation(std::move(g), device, std::move(epilogue));
  return std::make_unique<Correlation>(std::move(g), device, std::move(epilogue));
}

}  // namespace

std::unique_ptr<Kernel> make_conv2d(const ConvShapes& conv, DType pixels, CpuDevice& device,
                                    std::unique_ptr<LoopRunner> epilogue) {
  const Shape &x = conv.x, &y = conv.y;
  if (is_product(conv.window, conv.groups)) {
    return product_of_pixels({pixels, x},
                             {.a_row = x[3], .b_depth = 1, .b_column = x[3], .c_row = y[3], .columns = y[3]}, device,
                             std::move(epilogue));
  }
  const WinogradTiles tiles = WinogradTiles::of(conv.window, x, y);
  if (auto kernel = minimal_filtering(conv.window, conv.groups, tiles, pixels, false, device, epilogue)) return kernel;
  return sliding({pixels, x}, conv.weight, y, conv.groups, true,
                 {forward_phases(conv.window, 0, x[1]), forward_phases(conv.window, 1, x[2])}, device,
                 std::move(epilogue));
}

std::unique_ptr<Kernel> make_conv2d_grad_input(const ConvShapes& conv, DType pixels, CpuDevice& device,
                                               std::unique_ptr<LoopRunner> epilogue) {
  const Shape &dy = conv.y, &dx = conv.x;
  if (is_product(conv.window, conv.groups)) {
    return product_of_pixels({pixels, dy}, {.a_row = dy[3], .b_depth = dx[3], .c_row = dx[3], .columns = dx[3]}, device,
                             std::move(epilogue));
  }
  const WinogradTiles tiles = WinogradTiles::of_input_gradient(conv.window, dx, dy);
  if (auto kernel = minimal_filtering(conv.window, conv.groups, tiles, pixels, true, device, epilogue)) return kernel;
  const SpreadKernels& spread = DL_FOR_ISA(device.isa(), spread_kernels);
  if (pixels == DType::f32 && SpreadGradient::pays(conv.window, conv.groups, dy, dx, spread))
    return std::make_unique<SpreadGradient>(conv.window, dy, dx, device, std::move(epilogue));
  return sliding({pixels, dy}, conv.weight, dx, conv.groups, false,
                 {backward_phases(conv.window, 0, dx[1]), backward_phases(conv.window, 1, dx[2])}, device,
                 std::move(epilogue));
}

}  // namespace dl
