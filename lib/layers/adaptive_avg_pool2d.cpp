// Adaptive average pooling: output i of n along an axis of size s is the mean of its places floor(i s / n) to
// ceil((i + 1) s / n) - 1. Along each axis it is a product with the matrix of these means.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

// [n, size]: 1 / count at the places of each output, else 0. The sizes are whole, and below 2^24, so that i s is exact;
// a quotient is moved by half of its least distance from a whole number, lest rounding carries it over.
Value means(Graph& g, int64_t n, int64_t size) {
  const Value i = reshape(iota(g, n), {n, 1}), place = iota(g, size);
  const double s = static_cast<double>(size), half = 0.5 / static_cast<double>(n), share = 1 / static_cast<double>(n);
  const Value begin = map(Function::floor, i * s * share + half);
  const Value end = -map(Function::floor, -((i + 1) * s * share - half));
  return where(place >= begin, where(place < end, 1 / (end - begin), 0), 0);
}

struct AdaptiveAvgPool2d final : Layer {
  Pair output_size;

  void describe(Schema& s) override {
    s.summary("means over as many windows of an image as are wanted, whatever its size");
    s.also_known_as({"AdaptiveAvgPool2d", "AdaptiveAveragePooling2D"});
    s.required("output_size", output_size, "height and width of the result").at_least(1).positional();
    s.example("adaptive_avg_pool2d: 2");
    s.example("adaptive_avg_pool2d: [1, 3]");
  }

  Value build(Builder& b, Value x) const override {
    expect_image(x);
    const Shape& shape = x.shape();
    const Value rows = matmul(transpose(x, {0, 2, 3, 1}), means(b.graph(), output_size.h, shape[1]), false, true);
    return transpose(matmul(transpose(rows, {0, 3, 2, 1}), means(b.graph(), output_size.w, shape[2]), false, true),
                     {0, 1, 3, 2});
  }
};
DL_LAYER(AdaptiveAvgPool2d, "adaptive_avg_pool2d");

}  // namespace
}  // namespace dl
