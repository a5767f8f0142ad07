// What the pooling layers of sequences, images and volumes have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"
#include "lib/nn/padding.h"

namespace dl {

// Of sequences (rank 1), images (2) or volumes (3): [batch, spatial …, channels].
template <int rank>
struct PoolLayer : Layer {
  Sizes<rank> kernel_size;
  std::optional<Sizes<rank>> stride;
  Padding<rank> padding;

 protected:
  // The keys; `zeros`: what the padding is.
  void describe_pool(Schema& s, const std::string& zeros);
  // The window over x; ShapeError where x does not fit the layer.
  Window window_over(const Builder& b, Value x) const;
};

template <int rank>
struct MaxPoolLayer : PoolLayer<rank> {
  Value build(Builder& b, Value x) const final { return max_pool(x, this->window_over(b, x)); }

 protected:
  void describe_max(Schema& s) { this->describe_pool(s, "which never win"); }
};

template <int rank>
struct AvgPoolLayer : PoolLayer<rank> {
  std::optional<bool> count_include_pad;
  Value build(Builder& b, Value x) const final;

 protected:
  void describe_avg(Schema& s);
};

}  // namespace dl
