// CutMix (Yun et al. 2019, arXiv:1905.04899): a box of each image is that of another of the batch, and the target their
// mix by area; the box has the share 1 - s of the image, s ~ Beta(alpha, alpha), the image's form, and its centre
// anywhere: whole pixels to both sides of it, as torchvision's.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "lib/nn/batch_transform.h"

namespace dl {
namespace {

struct CutMix final : BatchTransform {
  double alpha = 1, probability = 1;

  void describe(Schema& s) override {
    s.summary("puts a box of another image of the batch into each, and mixes the targets by its area");
    s.details(
        "Classes become probabilities; the accuracy of a training step is that of the larger share. Targets that have "
        "a value for each pixel, masks for one, are cut as their image is; weights of samples are mixed by the area.");
    s.also_known_as({"CutMix", "cut_mix"});
    s.optional("alpha", alpha, "of the Beta distribution of the share that stays").above(0).positional();
    s.optional("probability", probability, "that a batch is mixed").above(0).at_most(1).known_as({"p", "prob"});
    s.example("cutmix");
    s.example("cutmix: {alpha: 0.5, probability: 0.5}");
  }

  // The box's edges [top, bottom), [left, right), and the share that stays.
  static std::vector<double> box(BatchRandom& random, double alpha, double probability, int64_t height, int64_t width) {
    if (random.uniform() >= probability) return {0, 0, 0, 0, 1};
    const double half_side = std::sqrt(1 - random.beta(alpha, alpha)) / 2;
    const auto edges = [&](int64_t size) {
      const auto whole = static_cast<double>(size);
      const double half = std::floor(half_side * whole), centre = std::floor(random.uniform() * whole);
      return std::pair(std::max(centre - half, 0.0), std::min(centre + half, whole));
    };
    const auto [top, bottom] = edges(height);
    const auto [left, right] = edges(width);
    const double area = (bottom - top) * (right - left);
    return {top, bottom, left, right, 1 - area / static_cast<double>(height * width)};
  }

  void build(BatchFields& fields, const Drawn& drawn) const override {
    if (fields.inputs.size() != 1)
      throw ShapeError(concat("expected one input, an image, the model has ", fields.inputs.size()), "take 'mixup'");
    auto& [name, image] = *fields.inputs.begin();
    expect_numbers(name, image);
    if (image.shape().rank() != 4)
      throw ShapeError(
          concat("expected images [height, width, channels], '", name, "' is ", image.shape().without_batch().text()),
          "take 'mixup'");
    const int64_t height = image.shape()[1], width = image.shape()[2];
    const std::vector<Value> edges = drawn(5, [=, alpha = alpha, probability = probability](BatchRandom& random) {
      return box(random, alpha, probability, height, width);
    });
    Graph& g = *image.graph;
    const Value row = reshape(iota(g, height), {height, 1}), column = reshape(iota(g, width), {1, width});
    const Value in_box = (row >= edges[0]) * (row < edges[1]) * ((column >= edges[2]) * (column < edges[3]));
    const auto cut = [&](Value of_pixels) {  // [batch, height, width, …]
      std::vector<int64_t> sizes(static_cast<size_t>(of_pixels.shape().rank() - 1), 1);
      sizes[0] = height, sizes[1] = width;
      return where(reshape(in_box, Shape(sizes)), successors(of_pixels), of_pixels);
    };
    image = cut(image);
    for (auto& [target, value] : fields.targets) {
      const Shape shape = value.shape().without_batch();
      if (shape.rank() < 2) {
        value = mixed_with_successors(value, edges[4]);
        continue;
      }
      if (shape[0] != height || shape[1] != width)
        throw ShapeError(concat("expected a target of the whole image, or of each of its ", height, " x ", width,
                                " pixels, '", target, "' is ", shape.text()),
                         "take 'mixup'");
      value = cut(value);
      if (const auto label = fields.labels.find(target); label != fields.labels.end())
        label->second = cut(label->second);
    }
  }
};
DL_BATCH_TRANSFORM(CutMix, "cutmix");

}  // namespace
}  // namespace dl
