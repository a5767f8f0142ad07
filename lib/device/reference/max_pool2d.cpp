// Maximum of each window, and the gradient that goes back to where it was.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/pool.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

Run max_pool2d_kernel(const Op& op, Types in, Types out) {
  const Window window = static_cast<const MaxPool2d&>(op).window;
  const Shape xs = in[0].shape, ys = out[0].shape;
  const bool near = out[1].dtype == DType::u8;
  return [=](Buffers inputs, Buffers outputs) {
    const float* x = f32(inputs, 0);
    float* y = f32(outputs, 0);
    for (int64_t i = 0; i < ys[0]; ++i)
      for (int64_t oy = 0; oy < ys[1]; ++oy)
        for (int64_t ox = 0; ox < ys[2]; ++ox)
          for (int64_t c = 0; c < ys[3]; ++c) {
            float largest = -std::numeric_limits<float>::infinity();
            int64_t place = 0;
            for (int64_t ky = window.size[0] - 1; ky >= 0; --ky)  // backwards, so that the first of equals is kept
              for (int64_t kx = window.size[1] - 1; kx >= 0; --kx) {
                const int64_t r = oy * window.stride[0] + ky * window.dilation[0] - window.pad_before[0];
                const int64_t q = ox * window.stride[1] + kx * window.dilation[1] - window.pad_before[1];
                if (r < 0 || r >= xs[1] || q < 0 || q >= xs[2]) continue;
                const float value = x[((i * xs[1] + r) * xs[2] + q) * xs[3] + c];
                if (value >= largest || std::isnan(value)) {
                  largest = value;
                  place = ky * window.size[1] + kx;
                }
              }
            const int64_t at = ((i * ys[1] + oy) * ys[2] + ox) * ys[3] + c;
            y[at] = largest;
            if (near)
              static_cast<uint8_t*>(outputs[1])[at] = static_cast<uint8_t>(place);
            else
              static_cast<int32_t*>(outputs[1])[at] = static_cast<int32_t>(place);
          }
  };
}

Run max_pool2d_grad_kernel(const Op& op, Types in, Types out) {
  const Window window = static_cast<const MaxPool2dGrad&>(op).window;
  const Shape xs = out[0].shape, ys = in[0].shape;
  const bool near = in[1].dtype == DType::u8;
  return [=](Buffers inputs, Buffers outputs) {
    const float* dy = f32(inputs, 0);
    float* dx = f32(outputs, 0);
    std::fill_n(dx, xs.elements(), 0.0f);
    for (int64_t i = 0; i < ys[0]; ++i)
      for (int64_t oy = 0; oy < ys[1]; ++oy)
        for (int64_t ox = 0; ox < ys[2]; ++ox)
          for (int64_t c = 0; c < ys[3]; ++c) {
            const int64_t at = ((i * ys[1] + oy) * ys[2] + ox) * ys[3] + c;
            const int64_t place =
                near ? static_cast<const uint8_t*>(inputs[1])[at] : static_cast<const int32_t*>(inputs[1])[at];
            const int64_t ky = place / window.size[1], kx = place % window.size[1];
            const int64_t r = oy * window.stride[0] + ky * window.dilation[0] - window.pad_before[0];
            const int64_t q = ox * window.stride[1] + kx * window.dilation[1] - window.pad_before[1];
            // A window wholly in the padding has no maximum.
            if (r < 0 || r >= xs[1] || q < 0 || q >= xs[2]) continue;
            dx[((i * xs[1] + r) * xs[2] + q) * xs[3] + c] += dy[at];
          }
  };
}

DL_REFERENCE_KERNEL("max_pool2d", max_pool2d_kernel);
DL_REFERENCE_KERNEL("max_pool2d_grad", max_pool2d_grad_kernel);

}  // namespace

}  // namespace dl::reference
