// Undoing max pooling: which place of each window is the largest, found again.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/unpool_layer.h"

#include <vector>

#include "lib/base/error.h"
#include "lib/graph/sizes.h"
#include "lib/nn/axes.h"
#include "lib/nn/image.h"
#include "lib/nn/margins.h"

namespace dl {
namespace {

// [batch, outputs, window, outputs, window, …, channels]: an axis of x for each window's place, of size 1 where `one`.
Shape apart(const Shape& pooled, const Window::Axes& window, int rank, bool one) {
  std::vector<int64_t> sizes{pooled[0]};
  for (int axis = 0; axis < rank; ++axis) {
    sizes.push_back(pooled[axis + 1]);
    sizes.push_back(one ? 1 : window[static_cast<size_t>(axis)]);
  }
  sizes.push_back(pooled.last());
  return Shape(std::move(sizes));
}

// Of x [batch, outputs, window, …, channels]: 1 at the first of the largest of each window, else 0.
Value first_of_each_window(Value x, int rank) {
  std::vector<int> windows;
  Value place;
  double places = 1;
  for (int axis = rank; axis-- > 0;) {
    windows.push_back(2 * axis + 2);
    const int64_t size = x.shape()[2 * axis + 2];
    std::vector<int64_t> along(static_cast<size_t>(2 * (rank - axis)), 1);
    along[0] = size;
    const Value own = reshape(iota(*x.graph, size), Shape(std::move(along))) * places;
    place = place ? place + own : own;
    places *= static_cast<double>(size);
  }
  const Value first = -max(-where(equal(x, max(x, windows)), place, places), windows);
  return stop_gradient(equal(place, first));
}

}  // namespace

template <int rank>
void MaxUnpoolLayer<rank>::describe_unpool(Schema& s) {
  const SpatialWords& words = words_of_rank(rank);
  s.details(
      concat("Of two inputs: what is put back, and what the pooling was given (from: [x, before]), of which the "
             "result has the ",
             words.axes, "."));
  s.required("kernel_size", kernel_size, words.axes + " of the pooling's windows, which lie beside each other")
      .at_least(1)
      .at_most(most_window)
      .positional()
      .known_as({"pool_size", "size"});
  for (const char* key : {"stride", "strides", "padding"})
    s.instead_of(key, "leave it out: the pooling is one whose windows lie beside each other");
  for (const char* key : {"indices", "output_size"})
    s.instead_of(key, "leave it out, and name what the pooling was given: from: [x, before]");
}

template <int rank>
Value MaxUnpoolLayer<rank>::build(Builder& b, std::span<const Value> inputs) const {
  if (inputs.size() != 2)
    throw ShapeError(concat("expected two inputs, got ", inputs.size()),
                     "write from: [x, before], 'before' what the pooling was given");
  if (rank == 1) refuse_decoding(b, name);
  const Value x = inputs[0];
  Value before = as_f32(inputs[1]);
  for (const Value& each : {x, before}) expect_spatial(each, rank);
  const Shape whole = before.shape();
  const Window::Axes window = axes_of(kernel_size);
  Shape pooled = whole;
  for (int axis = 1; axis <= rank; ++axis) pooled[axis] /= window[static_cast<size_t>(axis - 1)];
  if (x.shape() != pooled)
    throw ShapeError(concat("expected what a pooling makes of ", whole.without_batch().text(), ", ",
                            pooled.without_batch().text(), ", got ", x.shape().without_batch().text()),
                     "write the kernel_size of the pooling, and let 'from' name what is put back and then what the "
                     "pooling was given");
  Shape covered = whole;
  for (int axis = 1; axis <= rank; ++axis) {
    covered[axis] = times(pooled[axis], window[static_cast<size_t>(axis - 1)]);
    before = slice(before, axis, 0, covered[axis]);
  }
  const Value chosen = first_of_each_window(reshape(before, apart(pooled, window, rank, false)), rank);
  Value y = reshape(where(chosen, reshape(x, apart(pooled, window, rank, true)), 0), covered);
  for (int axis = 1; axis <= rank; ++axis) y = padded(y, axis, {0, whole[axis] - covered[axis]}, PadMode::constant);
  return y;
}

template <int rank>
void MaxUnpoolLayer<rank>::twins(Twins& t) const {
  t.say("rank", std::to_string(rank));
  t.pytorch_expression(
       "torch.nn.functional.max_unpool{rank}d({x}, torch.nn.functional.max_pool{rank}d({x1}, {kernel_size}, "
       "return_indices=True)[1], {kernel_size}, output_size={x1}.shape[2:])")
      .first();
}

template struct MaxUnpoolLayer<1>;
template struct MaxUnpoolLayer<2>;
template struct MaxUnpoolLayer<3>;

}  // namespace dl
