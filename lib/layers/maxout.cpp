// Maxout (Goodfellow et al. 2013, arXiv:1302.4389): y is the largest of each group of `pieces` neighbouring features
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Maxout final : Layer {
  int64_t pieces = 2;

  void describe(Schema& s) override {
    s.summary("largest of each group of neighbouring features");
    s.also_known_as({"Maxout"});
    s.optional("pieces", pieces, "features of a group").at_least(1).positional().known_as({"num_pieces"});
    s.example("maxout: 2");
  }

  Value build(Builder&, Value x) const override {
    std::vector<int64_t> sizes = x.shape().sizes();
    if (sizes.back() % pieces != 0) {
      throw ShapeError(concat("cannot divide ", sizes.back(), " features into groups of ", pieces),
                       "set pieces to a divisor");
    }
    sizes.back() /= pieces;
    const Shape result(sizes);
    sizes.push_back(pieces);
    return reshape(max(reshape(x, Shape(std::move(sizes))), {-1}), result);
  }
};
DL_LAYER(Maxout, "maxout");

}  // namespace
}  // namespace dl
