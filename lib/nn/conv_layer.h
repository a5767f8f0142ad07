// What conv1d, conv2d, conv3d and their transposed forms have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"
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

 protected:
  // What the keys that differ say: the weight's shape but for the kernel's, and of the stride and the padding.
  struct Words {
    std::string weight, stride, padding;
  };
  void describe_keys(Schema& s, const Words& of);
  // x's channels; ShapeError where x does not fit.
  int64_t channels_of(const Builder& b, Value x) const;
  // [first, second, kernel …], and what it is convolved to with its bias added.
  Value weight(Builder& b, int64_t first, int64_t second) const;
  Value with_bias(Builder& b, Value y, const Shape& weight) const;
};

// y = convolution(x, weight) + bias, weight [out_channels, channels / groups, kernel …].
template <int rank>
struct ConvLayer : AnyConvLayer<rank> {
  Value build(Builder& b, Value x) const final;

 protected:
  void describe_conv(Schema& s);
};

// The gradient of a convolution from y to x: y = transposed_convolution(x, weight) + bias, weight [channels,
// out_channels / groups, kernel …].
template <int rank>
struct TransposedConvLayer : AnyConvLayer<rank> {
  Sizes<rank> output_padding{0};
  Value build(Builder& b, Value x) const final;

 protected:
  void describe_conv(Schema& s);

 private:
  Shape output_of(const Shape& x) const;  // without batch and channels
};

}  // namespace dl
