// Unflatten: features made the axes of a sequence, an image or a volume again, the reverse of flatten
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/graph/sizes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Unflatten final : Layer {
  std::vector<int64_t> shape;

  void describe(Schema& s) override {
    s.summary("makes features a sequence, an image or a volume: the reverse of 'flatten'");
    s.details(
        "Features are read as flatten lays them out: those of images and volumes channel by channel, those of a "
        "sequence "
        "position by position. 'unflatten: [-1, 1]' makes numbers along a line a sequence of one channel.");
    s.also_known_as({"Unflatten"});
    s.required(
         "shape", shape,
         "[length, channels], [height, width, channels] or [depth, height, width, channels]; one may be -1, which "
         "is then found")
        .positional()
        .known_as({"unflattened_size", "target_shape", "sizes"});
    s.instead_of("dim", "leave it out: features have one axis");
    s.example("unflatten: [-1, 1]");
    s.check([this](const Report& report) {
      const auto wrong = [](int64_t size) { return size < 1 && size != -1; };
      if (shape.size() < 2 || shape.size() > 4)
        report.at("shape", concat("expected 2 to 4 sizes, got ", shape.size()),
                  "write [height, width, channels] for an image");
      else if (std::any_of(shape.begin(), shape.end(), wrong) || std::count(shape.begin(), shape.end(), -1) > 1)
        report.at("shape", "expected sizes of at least 1, of which one may be -1");
    });
  }

  Value build(Builder&, Value x) const override {
    expect_rank(x, 2, "one feature axis", "put 'flatten' before it");
    const int64_t features = x.shape()[1];
    std::vector<int64_t> sizes = shape;
    int64_t known = 1;
    for (const int64_t size : sizes) known = size == -1 ? known : times(known, size);
    std::replace(sizes.begin(), sizes.end(), int64_t{-1}, features / known);
    const Shape wanted(sizes);
    if (wanted.elements() != features) {
      throw ShapeError(concat("cannot make ", Shape(shape).text(), " of ", features, " features"),
                       "the product of the sizes is the number of features");
    }
    sizes.insert(sizes.begin(), x.shape()[0]);
    if (shape.size() == 2) return reshape(x, Shape(sizes));
    std::rotate(sizes.begin() + 1, sizes.end() - 1, sizes.end());  // channels first, as flatten laid them
    std::vector<int> order{0};
    for (int axis = 2; axis < static_cast<int>(sizes.size()); ++axis) order.push_back(axis);
    order.push_back(1);
    return transpose(reshape(x, Shape(sizes)), order);
  }
};
DL_LAYER(Unflatten, "unflatten");

}  // namespace
}  // namespace dl
