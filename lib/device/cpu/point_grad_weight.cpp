// With a stride, the pixels of x that the window meets are gathered first.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/point_grad_weight.h"

#include <algorithm>
#include <array>

#include "lib/base/division.h"
#include "lib/device/cpu/product.h"
#include "lib/device/cpu/scratch.h"

namespace dl {
namespace {

constexpr int64_t least_channels = 32;

Gemm product_of(const ConvShapes& conv) {
  const int64_t in = conv.x[3], out = conv.y[3];
  Gemm g{.a_row = 1, .a_depth = out, .b_depth = in, .c_row = in};
  g.rows = out;
  g.columns = in;
  g.depth = conv.y.elements() / std::max<int64_t>(out, 1);
  return g;
}

class PointGradWeight final : public Kernel {
 public:
  PointGradWeight(const ConvShapes& conv, CpuDevice& device)
      : conv_(conv), team_(device.team()), product_(product_of(conv), device, nullptr) {
    gathers_ = !conv.window.all(conv.window.stride, 1);
    if (gathers_) gathered_at_ = plan_.floats(conv.y.elements() / conv.y[3] * conv.x[3]);
    product_at_ = plan_.floats(ceil_div(product_.scratch_bytes(), int64_t{sizeof(float)}));
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }
  std::string way() const override { return product_.way(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    void* x = in[0];
    if (gathers_) {
      x = floats_at(scratch, gathered_at_);
      gather(static_cast<const float*>(in[0]), static_cast<float*>(x));
    }
    const std::array<void*, 2> factors = {in[1], x};
    product_.run(factors, out, floats_at(scratch, product_at_));
  }

 private:
  void gather(const float* x, float* to) const {
    const int64_t height = conv_.x[1], width = conv_.x[2], channels = conv_.x[3];
    const int64_t out_height = conv_.y[1], out_width = conv_.y[2];
    const int64_t down = conv_.window.stride[0], right = conv_.window.stride[1];
    team_.run([&](int thread) {
      const Range rows = split(conv_.y[0] * out_height, team_.size(), thread);
      for (int64_t row = rows.begin; row < rows.end; ++row) {
        const float* from = x + (row / out_height * height + row % out_height * down) * width * channels;
        float* pixel = to + row * out_width * channels;
        for (int64_t column = 0; column < out_width; ++column, from += right * channels, pixel += channels)
          std::copy_n(from, channels, pixel);
      }
    });
  }

  const ConvShapes conv_;
  ThreadTeam& team_;
  Product product_;
  bool gathers_ = false;
  ScratchPlan plan_;
  int64_t gathered_at_ = 0, product_at_ = 0;
};

}  // namespace

bool is_point_grad_weight(const ConvShapes& conv) {
  const Window& w = conv.window;
  return conv.groups == 1 && w.all(w.size, 1) && w.all(w.pad_before, 0) && conv.x[3] >= least_channels &&
         conv.y.elements() > 0 && (conv.y[1] - 1) * w.stride[0] < conv.x[1] &&
         (conv.y[2] - 1) * w.stride[1] < conv.x[2];
}

std::unique_ptr<Kernel> make_point_grad_weight(const ConvShapes& conv, CpuDevice& device) {
  return std::make_unique<PointGradWeight>(conv, device);
}

}  // namespace dl
