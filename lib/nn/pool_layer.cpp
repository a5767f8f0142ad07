// Pooling: its keys and its windows.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

#include "lib/nn/image.h"

namespace dl {

template <int rank>
void PoolLayer<rank>::describe_pool(Schema& s, const std::string& zeros) {
  const SpatialWords& words = words_of_rank(rank);
  s.required("kernel_size", kernel_size, words.axes + " of the window")
      .at_least(1)
      .at_most(most_window)
      .positional()
      .known_as({"pool_size", "size"});
  s.optional("stride", stride, "how far the window moves; its own size where not given")
      .at_least(1)
      .at_most(most_window)
      .known_as({"strides"});
  s.optional("padding", padding, "places around the " + words.kind + ", " + zeros);
  s.check([this](const Report& report) { check_padding<rank>(report, kernel_size, padding); });
}

template <int rank>
Window PoolLayer<rank>::window_over(const Builder& b, Value x) const {
  expect_spatial(x, rank);
  if (rank == 1 && b.decoding()) {
    throw ShapeError(concat(this->name, " looks at other positions, so that none can be had by itself"),
                     "write a recurrent layer or attention, and train again");
  }
  return make_window<rank>(kernel_size, stride.value_or(kernel_size), padding, 1, x.shape());
}

template <int rank>
void AvgPoolLayer<rank>::describe_avg(Schema& s) {
  this->describe_pool(s, "which are 0");
  s.optional("count_include_pad", count_include_pad,
             "whether places of the padding count in the mean; where not given they do, as in PyTorch, but for padding "
             "'same', as in Keras");
}

// Where the padding does not count, the mean over all places of a window is raised by those that are inside.
template <int rank>
Value AvgPoolLayer<rank>::build(Builder& b, Value x) const {
  const Window w = this->window_over(b, x);
  Value y = avg_pool(x, w);
  if (count_include_pad.value_or(!this->padding.same)) return y;
  for (int axis = 0; axis < rank; ++axis) {
    const size_t i = static_cast<size_t>(axis);
    if (w.pad_before[i] == 0 && w.pad_after[i] == 0) continue;
    const int64_t input = x.shape()[axis + 1], outputs = y.shape()[axis + 1];
    const Value begin =
        iota(b.graph(), outputs) * static_cast<double>(w.stride[i]) - static_cast<double>(w.pad_before[i]);
    const Value inside = minimum(begin + static_cast<double>(w.size[i]), input) - maximum(begin, 0);
    Shape along(std::vector<int64_t>(static_cast<size_t>(rank - axis) + 1, 1));
    along[0] = outputs;
    y = y * reshape(static_cast<double>(w.size[i]) / inside, along);
  }
  return y;
}

template struct PoolLayer<1>;
template struct PoolLayer<2>;
template struct PoolLayer<3>;
template struct AvgPoolLayer<1>;
template struct AvgPoolLayer<2>;
template struct AvgPoolLayer<3>;

}  // namespace dl
