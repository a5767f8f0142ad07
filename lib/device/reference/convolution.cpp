// Convolution and its gradients, each as the sum its definition states.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/convolution.h"

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

constexpr int axes = 3;
using Place = std::array<int64_t, axes>;  // depth, row, column; a sequence has one row, an image is one deep

int64_t count(const Place& sizes) { return sizes[0] * sizes[1] * sizes[2]; }
Place place_of(int64_t i, const Place& sizes) {
  return {i / sizes[2] / sizes[1], i / sizes[2] % sizes[1], i % sizes[2]};
}
int64_t index_of(const Place& place, const Place& sizes) {
  return (place[0] * sizes[1] + place[1]) * sizes[2] + place[2];
}

// The sizes of y = convolution(x, weight [outs, depth, …]) and where an element lies. Output channels [g * outs /
// groups, (g + 1) * outs / groups) see input channels [g * depth, (g + 1) * depth).
struct Geometry {
  Geometry(const Window& window, const Shape& x, const Shape& weight, const Shape& y, int64_t groups)
      : n(x[0]), channels(x.last()), outs(y.last()), depth(weight[1]), outs_a_group(outs / groups) {
    for (int axis = 0; axis < window.rank; ++axis) {
      const size_t from = static_cast<size_t>(axis), to = static_cast<size_t>(axis + axes - window.rank);
      in[to] = x[axis + 1];
      out[to] = y[axis + 1];
      size[to] = window.size[from];
      stride[to] = window.stride[from];
      pad[to] = window.pad_before[from];
      dilation[to] = window.dilation[from];
    }
  }

  int64_t x(int64_t i, const Place& at, int64_t channel) const {
    return (i * count(in) + index_of(at, in)) * channels + channel;
  }
  int64_t y(int64_t i, const Place& at, int64_t o) const { return (i * count(out) + index_of(at, out)) * outs + o; }
  int64_t weight(int64_t o, int64_t d, int64_t tap) const { return (o * depth + d) * count(size) + tap; }
  int64_t first_channel(int64_t o) const { return o / outs_a_group * depth; }
  // The place of x under a tap of the kernel at an output's place; false where that is padding.
  bool under(const Place& at, int64_t tap, Place& found) const {
    const Place k = place_of(tap, size);
    for (size_t a = 0; a < axes; ++a) {
      found[a] = at[a] * stride[a] + k[a] * dilation[a] - pad[a];
      if (found[a] < 0 || found[a] >= in[a]) return false;
    }
    return true;
  }
  // The output's place that has x's place `at` under that tap; false where there is none.
  bool above(const Place& at, int64_t tap, Place& found) const {
    const Place k = place_of(tap, size);
    for (size_t a = 0; a < axes; ++a) {
      const int64_t from = at[a] + pad[a] - k[a] * dilation[a];
      found[a] = from / stride[a];
      if (from < 0 || from % stride[a] != 0 || found[a] >= out[a]) return false;
    }
    return true;
  }

  int64_t n, channels, outs, depth, outs_a_group;
  Place in{1, 1, 1}, out{1, 1, 1}, size{1, 1, 1}, stride{1, 1, 1}, pad{0, 0, 0}, dilation{1, 1, 1};
};

Run convolution(const Op& op, Types in, Types out) {
  const Convolution& conv = static_cast<const Convolution&>(op);
  const Geometry g(conv.window, in[0].shape, in[1].shape, out[0].shape, conv.groups);
  return [g, type = in[0].dtype](Buffers inputs, Buffers outputs) {
    const auto x = [&](int64_t i) { return double{element(inputs[0], type, i)}; };
    const auto weight = [&](int64_t i) { return double{element(inputs[1], type, i)}; };
    for (int64_t i = 0; i < g.n; ++i)
      for (int64_t p = 0; p < count(g.out); ++p) {
        const Place at = place_of(p, g.out);
        for (int64_t o = 0; o < g.outs; ++o) {
          double sum = 0;
          for (int64_t tap = 0; tap < count(g.size); ++tap) {
            Place from;
            if (!g.under(at, tap, from)) continue;
            for (int64_t d = 0; d < g.depth; ++d)
              sum += x(g.x(i, from, g.first_channel(o) + d)) * weight(g.weight(o, d, tap));
          }
          f32(outputs, 0)[g.y(i, at, o)] = static_cast<float>(sum);
        }
      }
  };
}

Run convolution_grad_input(const Op& op, Types in, Types out) {
  const ConvolutionGradInput& conv = static_cast<const ConvolutionGradInput&>(op);
  const Geometry g(conv.window, out[0].shape, in[1].shape, in[0].shape, conv.groups);
  return [g, type = in[0].dtype](Buffers inputs, Buffers outputs) {
    const auto dy = [&](int64_t i) { return double{element(inputs[0], type, i)}; };
    const auto weight = [&](int64_t i) { return double{element(inputs[1], type, i)}; };
    for (int64_t i = 0; i < g.n; ++i)
      for (int64_t p = 0; p < count(g.in); ++p) {
        const Place at = place_of(p, g.in);
        for (int64_t channel = 0; channel < g.channels; ++channel) {
          const int64_t first_out = channel / g.depth * g.outs_a_group, d = channel % g.depth;
          double sum = 0;
          for (int64_t tap = 0; tap < count(g.size); ++tap) {
            Place to;
            if (!g.above(at, tap, to)) continue;
            for (int64_t o = first_out; o < first_out + g.outs_a_group; ++o)
              sum += dy(g.y(i, to, o)) * weight(g.weight(o, d, tap));
          }
          f32(outputs, 0)[g.x(i, at, channel)] = static_cast<float>(sum);
        }
      }
  };
}

Run convolution_grad_weight(const Op& op, Types in, Types out) {
  const ConvolutionGradWeight& conv = static_cast<const ConvolutionGradWeight&>(op);
  const Geometry g(conv.window, in[0].shape, out[0].shape, in[1].shape, conv.groups);
  return [g, type = in[0].dtype](Buffers inputs, Buffers outputs) {
    const auto x = [&](int64_t i) { return double{element(inputs[0], type, i)}; };
    const auto dy = [&](int64_t i) { return double{element(inputs[1], type, i)}; };
    for (int64_t o = 0; o < g.outs; ++o)
      for (int64_t d = 0; d < g.depth; ++d)
        for (int64_t tap = 0; tap < count(g.size); ++tap) {
          double sum = 0;
          for (int64_t i = 0; i < g.n; ++i)
            for (int64_t p = 0; p < count(g.out); ++p) {
              const Place at = place_of(p, g.out);
              Place from;
              if (!g.under(at, tap, from)) continue;
              sum += dy(g.y(i, at, o)) * x(g.x(i, from, g.first_channel(o) + d));
            }
          f32(outputs, 0)[g.weight(o, d, tap)] = static_cast<float>(sum);
        }
  };
}

DL_REFERENCE_KERNEL("convolution", convolution);
DL_REFERENCE_KERNEL("convolution_grad_input", convolution_grad_input);
DL_REFERENCE_KERNEL("convolution_grad_weight", convolution_grad_weight);

}  // namespace

}  // namespace dl::reference
