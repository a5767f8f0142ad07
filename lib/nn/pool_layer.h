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
  Sizes<rank> dilation{1};
  bool ceil_mode = false;

 protected:
  // kernel_size, stride and ceil_mode; the padding, `zeros` being what it is; the dilation.
  void describe_pool(Schema& s);
  void describe_padding(Schema& s, const std::string& zeros);
  void describe_dilation(Schema& s);
  // The window over x; ShapeError where x does not fit the layer. With ceil_mode as many more places stand behind as
  // the last window needs.
  Window window_over(const Builder& b, Value x) const;
  Window window_over(const Shape& x) const;
};

template <int rank>
struct MaxPoolLayer : PoolLayer<rank> {
  Value build(Builder& b, Value x) const final { return max_pool(x, this->window_over(b, x)); }
  void twins(Twins& t) const final;

 protected:
  void describe_max(Schema& s);
};

template <int rank>
struct AvgPoolLayer : PoolLayer<rank> {
  std::string padding_mode = "zeros";
  std::optional<bool> count_include_pad;
  std::optional<int64_t> divisor_override;
  Value build(Builder& b, Value x) const final;
  void twins(Twins& t) const final;
  DoubtList doubts(Value) const final { return doubt_idle_padding_mode(padding_mode, this->padding); }

 protected:
  void describe_avg(Schema& s);
};

// y = (sum of x^norm_type over a window)^(1 / norm_type).
template <int rank>
struct LpPoolLayer : PoolLayer<rank> {
  double norm_type = 2;
  Value build(Builder& b, Value x) const final;

 protected:
  void describe_lp(Schema& s);
};

// Of as many windows as are wanted: along an axis of size s, window i of n is floor(i s / n) to ceil((i + 1) s / n)
// - 1.
template <int rank>
struct AdaptivePoolLayer : Layer {
  Sizes<rank> output_size;
  Value build(Builder& b, Value x) const final;

 protected:
  virtual Value pool(Value x, int axis, int64_t n) const = 0;  // along one axis
  // `what` is taken of a window: "Avg".
  void adaptive_twin(Twins& t, const std::string& what) const;
  void describe_adaptive(Schema& s);
};

// The mean of each window along an axis, a product with the matrix of these means; the largest of each.
Value adaptive_mean(Value x, int axis, int64_t n);
Value adaptive_max(Value x, int axis, int64_t n);

// Over all places: [batch, spatial …, channels] -> [batch, channels], or with keepdim [batch, 1 …, channels]. A
// sequence may have a second input, i32 [batch]: how many positions are no padding.
template <int rank>
struct GlobalPoolLayer : Layer {
  bool keepdim = false;
  Value build(Builder& b, std::span<const Value> inputs) const final;

 protected:
  // Over the axes between the first and the last, which stay with size 1; `inside` [batch, length, 1], where it is set,
  // is 1 at the positions that count and `count` [batch, 1, 1] how many these are.
  virtual Value pool(Value x, const std::vector<int>& places, Value inside, Value count) const = 0;
  void describe_global(Schema& s);
  // `method` of a tensor is its mean or maximum over axes, `what` the same in the name of a class: "mean", "Avg".
  void global_twin(Twins& t, const std::string& method, const std::string& what) const;
};

}  // namespace dl
