// Reshape: the numbers in the same order, with other sizes
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/text.h"
#include "lib/graph/sizes.h"
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct ReshapeLayer final : Layer {
  std::vector<int64_t> shape;

  void describe(Schema& s) override {
    s.summary("gives the numbers of a sample other sizes");
    s.details(
        "Images are laid out row by row, the channels of a place together, as in Keras; what 'flatten' made of an "
        "image 'unflatten' makes an image again.");
    s.also_known_as({"Reshape"});
    s.required("shape", shape, "the sizes without the batch; one may be -1, which is then found")
        .positional()
        .known_as({"target_shape", "sizes"});
    s.example("reshape: [-1, 1]");
    s.check([this](const Report& report) {
      const auto wrong = [](int64_t size) { return size < 1 && size != -1; };
      if (shape.empty() || std::any_of(shape.begin(), shape.end(), wrong) ||
          std::count(shape.begin(), shape.end(), -1) > 1)
        report.at("shape", "expected sizes of at least 1, of which one may be -1",
                  "leave the batch out, which stays as it is");
    });
  }

  DoubtList doubts(Value y) const override {
    if (shape.size() < 2 || shape[0] != -1 || y.shape()[1] != 1) return {};
    return {{concat("-1 is 1 here, and makes samples ", y.shape().without_batch().text(),
                    ": the batch is not among the sizes"),
             concat("write '", without_first(), "', or 1 in the place of -1 where that axis is wanted")}};
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    const Shape given = x.shape().without_batch();
    std::vector<int64_t> sizes = shape;
    int64_t known = 1;
    for (const int64_t size : sizes) known = size == -1 ? known : times(known, size);
    std::replace(sizes.begin(), sizes.end(), int64_t{-1}, given.elements() / known);
    if (Shape(sizes).elements() != given.elements()) {
      throw ShapeError(
          concat("cannot make ", Shape(shape).text(), " of ", given.text(), ": ", given.elements(), " numbers"),
          begins_with_batch(given.elements()) ? concat("leave the batch out: write '", without_first(), "'")
                                              : "the product of the sizes is how many there are; one may be -1");
    }
    sizes.insert(sizes.begin(), x.shape()[0]);
    return dl::reshape(x, Shape(std::move(sizes)));
  }

 private:
  Shape sizes_behind_first() const { return Shape(std::vector<int64_t>(shape.begin() + 1, shape.end())); }
  // What the sizes behind the first are, that being the batch as PyTorch has it.
  std::string without_first() const {
    return shape.size() == 2 ? "flatten" : concat("reshape: ", sizes_behind_first().text());
  }
  bool begins_with_batch(int64_t elements) const {
    return shape.size() > 1 && std::count(shape.begin(), shape.end(), -1) == 0 &&
           sizes_behind_first().elements() == elements;
  }
};
DL_LAYER(ReshapeLayer, "reshape");

}  // namespace
}  // namespace dl
