// What conv1d, conv2d, conv3d and their transposed forms have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"
#include "lib/nn/normed_weight.h"
#include "lib/nn/padding.h"

namespace dl {

// Of sequences (rank 1), images (2) or volumes (3): [batch, spatial …, channels].
template <int rank>
struct AnyConvLayer : Layer {
  int64_t out_channels = 0, groups = 1;
  Sizes<rank> kernel_size, stride = 1, dilation = 1;
  Padding<rank> padding;
  bool bias = true;
  std::shared_ptr<const Initializer> init, bias_init;
  NormedWeight norms;
  DoubtList doubts(Value) const override { return doubt_idle_bias_init(bias, bias_init); }

 protected:
  // What the keys that differ say: the weight's shape but for the kernel's, and of the stride and the padding.
  struct Words {
    std::string weight, stride, padding;
    bool causal = false;
  };
  void describe_keys(Schema& s, const Words& of);
  // x's channels; ShapeError where x does not fit.
  int64_t channels_of(Value x) const;
  // [first, second, kernel …] of which axis `units` counts the filters, and what it is convolved to with its bias
  // added.
  Value weight(Builder& b, int64_t first, int64_t second, int units) const;
  Value with_bias(Builder& b, Value y, const Shape& weight) const;
};

// y = convolution(x, weight) + bias, weight [out_channels, channels / groups, kernel …].
template <int rank>
struct ConvLayer : AnyConvLayer<rank> {
  std::string padding_mode = "zeros";
  Value build(Builder& b, Value x) const final;
  void twins(Twins& t) const final;
  DoubtList doubts(Value) const final {
    return doubt_idle_bias_init(this->bias, this->bias_init, doubt_idle_padding_mode(padding_mode, this->padding));
  }

 protected:
  void describe_conv(Schema& s);

 private:
  void keras_twin(Twins& t) const;
  void flax_twin(Twins& t) const;
};

// One that another layer is made of.
template <int rank>
struct PlainConv final : ConvLayer<rank> {
  void describe(Schema&) override {}
};

// Each channel convolved by itself, with depth_multiplier filters: groups as many as channels. With `separable` it is
// followed by a convolution with a kernel of one place, weights "depthwise.weight" and "pointwise.weight" (Chollet
// 2016, arXiv:1610.02357).
template <int rank>
struct DepthwiseConvLayer : Layer {
  int64_t out_channels = 0, depth_multiplier = 1;
  Sizes<rank> kernel_size, stride = 1, dilation = 1;
  Padding<rank> padding;
  bool bias = true;
  std::shared_ptr<const Initializer> init, pointwise_init, bias_init;
  Value build(Builder& b, Value x) const final;
  void twins(Twins& t) const final;
  DoubtList doubts(Value) const final { return doubt_idle_bias_init(bias, bias_init); }

 protected:
  virtual bool separable() const = 0;
  void describe_depthwise(Schema& s);

 private:
  PlainConv<rank> depthwise(int64_t channels) const;
};

// The gradient of a convolution from y to x: y = transposed_convolution(x, weight) + bias, weight [channels,
// out_channels / groups, kernel …].
template <int rank>
struct TransposedConvLayer : AnyConvLayer<rank> {
  Sizes<rank> output_padding{0};
  Value build(Builder& b, Value x) const final;
  void twins(Twins& t) const final;

 protected:
  void describe_conv(Schema& s);

 private:
  Shape output_of(const Shape& x) const;  // without batch and channels
  Window window_over(const Shape& output) const;
  void flax_twin(Twins& t) const;
};

}  // namespace dl
