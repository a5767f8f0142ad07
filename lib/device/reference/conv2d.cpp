// Convolution and its gradients, each as the sum its definition states.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/conv2d.h"

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

// The sizes of y [n, oh, ow, outs] = conv2d(x [n, h, w, channels], weight [outs, depth, kh, kw]) and where an element
// lies. Output channels [g * outs / groups, (g + 1) * outs / groups) see input channels [g * depth, (g + 1) * depth).
struct Geometry {
  Geometry(const Window& window, const Shape& x, const Shape& weight, const Shape& y, int64_t groups)
      : window(window),
        n(x[0]),
        h(x[1]),
        w(x[2]),
        channels(x[3]),
        oh(y[1]),
        ow(y[2]),
        outs(y[3]),
        depth(weight[1]),
        kh(weight[2]),
        kw(weight[3]),
        outs_a_group(outs / groups) {}

  int64_t x(int64_t i, int64_t r, int64_t c, int64_t channel) const {
    return ((i * h + r) * w + c) * channels + channel;
  }
  int64_t y(int64_t i, int64_t r, int64_t c, int64_t out) const { return ((i * oh + r) * ow + c) * outs + out; }
  int64_t weight(int64_t out, int64_t d, int64_t r, int64_t c) const { return ((out * depth + d) * kh + r) * kw + c; }
  // The row (axis 0) or column (axis 1) of x under kernel place k of output place o; outside x where it is padding.
  int64_t under(size_t axis, int64_t o, int64_t k) const {
    return o * window.stride[axis] + k * window.dilation[axis] - window.pad_before[axis];
  }
  bool inside(int64_t r, int64_t c) const { return r >= 0 && r < h && c >= 0 && c < w; }
  int64_t first_channel(int64_t out) const { return out / outs_a_group * depth; }

  Window window;
  int64_t n, h, w, channels, oh, ow, outs, depth, kh, kw, outs_a_group;
};

Run conv2d_kernel(const Op& op, Types in, Types out) {
  const Conv2d& conv = static_cast<const Conv2d&>(op);
  const Geometry g(conv.window, in[0].shape, in[1].shape, out[0].shape, conv.groups);
  return [g, type = in[0].dtype](Buffers inputs, Buffers outputs) {
    const auto x = [&](int64_t i) { return double{element(inputs[0], type, i)}; };
    const auto weight = [&](int64_t i) { return double{element(inputs[1], type, i)}; };
    for (int64_t i = 0; i < g.n; ++i)
      for (int64_t oy = 0; oy < g.oh; ++oy)
        for (int64_t ox = 0; ox < g.ow; ++ox)
          for (int64_t o = 0; o < g.outs; ++o) {
            double sum = 0;
            for (int64_t ky = 0; ky < g.kh; ++ky)
              for (int64_t kx = 0; kx < g.kw; ++kx) {
                const int64_t r = g.under(0, oy, ky), c = g.under(1, ox, kx);
                if (!g.inside(r, c)) continue;
                for (int64_t d = 0; d < g.depth; ++d) {
                  sum += x(g.x(i, r, c, g.first_channel(o) + d)) * weight(g.weight(o, d, ky, kx));
                }
              }
            f32(outputs, 0)[g.y(i, oy, ox, o)] = static_cast<float>(sum);
          }
  };
}

Run conv2d_grad_input_kernel(const Op& op, Types in, Types out) {
  const Conv2dGradInput& conv = static_cast<const Conv2dGradInput&>(op);
  const Geometry g(conv.window, out[0].shape, in[1].shape, in[0].shape, conv.groups);
  return [g, type = in[0].dtype](Buffers inputs, Buffers outputs) {
    const auto dy = [&](int64_t i) { return double{element(inputs[0], type, i)}; };
    const auto weight = [&](int64_t i) { return double{element(inputs[1], type, i)}; };
    for (int64_t i = 0; i < g.n; ++i)
      for (int64_t r = 0; r < g.h; ++r)
        for (int64_t c = 0; c < g.w; ++c)
          for (int64_t channel = 0; channel < g.channels; ++channel) {
            const int64_t first_out = channel / g.depth * g.outs_a_group, d = channel % g.depth;
            double sum = 0;
            for (int64_t ky = 0; ky < g.kh; ++ky)
              for (int64_t kx = 0; kx < g.kw; ++kx) {
                // under(0, 0, ky) + oy * stride = r, where such an output place exists.
                const int64_t down = r - g.under(0, 0, ky), right = c - g.under(1, 0, kx);
                const int64_t oy = down / g.window.stride[0], ox = right / g.window.stride[1];
                if (down < 0 || right < 0 || down % g.window.stride[0] || right % g.window.stride[1]) continue;
                if (oy >= g.oh || ox >= g.ow) continue;
                for (int64_t o = first_out; o < first_out + g.outs_a_group; ++o) {
                  sum += dy(g.y(i, oy, ox, o)) * weight(g.weight(o, d, ky, kx));
                }
              }
            f32(outputs, 0)[g.x(i, r, c, channel)] = static_cast<float>(sum);
          }
  };
}

Run conv2d_grad_weight_kernel(const Op& op, Types in, Types out) {
  const Conv2dGradWeight& conv = static_cast<const Conv2dGradWeight&>(op);
  const Geometry g(conv.window, in[0].shape, out[0].shape, in[1].shape, conv.groups);
  return [g, type = in[0].dtype](Buffers inputs, Buffers outputs) {
    const auto x = [&](int64_t i) { return double{element(inputs[0], type, i)}; };
    const auto dy = [&](int64_t i) { return double{element(inputs[1], type, i)}; };
    for (int64_t o = 0; o < g.outs; ++o)
      for (int64_t d = 0; d < g.depth; ++d)
        for (int64_t ky = 0; ky < g.kh; ++ky)
          for (int64_t kx = 0; kx < g.kw; ++kx) {
            double sum = 0;
            for (int64_t i = 0; i < g.n; ++i)
              for (int64_t oy = 0; oy < g.oh; ++oy)
                for (int64_t ox = 0; ox < g.ow; ++ox) {
                  const int64_t r = g.under(0, oy, ky), c = g.under(1, ox, kx);
                  if (!g.inside(r, c)) continue;
                  sum += dy(g.y(i, oy, ox, o)) * x(g.x(i, r, c, g.first_channel(o) + d));
                }
            f32(outputs, 0)[g.weight(o, d, ky, kx)] = static_cast<float>(sum);
          }
  };
}

DL_REFERENCE_KERNEL("conv2d", conv2d_kernel);
DL_REFERENCE_KERNEL("conv2d_grad_input", conv2d_grad_input_kernel);
DL_REFERENCE_KERNEL("conv2d_grad_weight", conv2d_grad_weight_kernel);

}  // namespace

}  // namespace dl::reference
