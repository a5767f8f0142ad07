// The head of a single-shot detector (Liu et al. 2016, arXiv:1512.02325): around each place of a feature map anchors of
// given sizes, and two 3x3 convolutions that say how the boxes there differ from them and of which class they are
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/detections.h"
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct SsdHead final : Layer {
  std::vector<Pair> anchors;
  int64_t classes = 0;

  void describe(Schema& s) override {
    s.summary("anchors around each place of a feature map, their offsets and classes: the end of a detector");
    s.details(
        "Parameters as torchvision's SSDHead has them for a feature map: regression.weight [4 anchors, channels, 3, 3] "
        "and classification.weight [anchors (1 + classes), channels, 3, 3] with biases. Gives [places x anchors, 11 + "
        "classes] to the loss 'ssd'; heads of several feature maps are joined by 'concat: 1'.");
    s.also_known_as({"detection_head", "SSDHead", "multibox_head"});
    s.required("anchors", anchors, "[height, width] of each anchor in pixels of the model's input").at_least(1);
    s.required("classes", classes, "of objects, without one for none: ${data.classes}")
        .at_least(1)
        .known_as({"num_classes"});
    s.instead_of("aspect_ratios", "write each anchor's height and width in 'anchors'");
    s.instead_of("stride", "leave it out: places lie evenly on the model's input");
    s.check([this](const Report& report) {
      if (anchors.empty()) report.at("anchors", "expected at least one");
    });
    s.example("ssd_head: {anchors: [[16, 16], [32, 16]], classes: 3}");
  }

  Value build(Builder& b, Value x) const override {
    expect_image(x);
    const int64_t batch = x.shape()[0], h = x.shape()[1], w = x.shape()[2], n = std::ssize(anchors);
    const auto convolved = [&](const std::string& name, int64_t each) {
      const Shape shape{n * each, x.shape()[3], 3, 3};
      const Value weight = b.parameter(name + ".weight", shape, xavier(shape));
      const Value bias = b.parameter(name + ".bias", {n * each}, constant_initializer(0));
      const Window window{.size = {3, 3, 1}, .pad_before = {1, 1, 0}, .pad_after = {1, 1, 0}};
      return reshape(convolution(x, weight, window) + bias, {batch, h * w * n, each});
    };
    const Shape model = b.model_input();
    const Pair image = model.rank() == 3 ? Pair(model[0], model[1]) : Pair(h, w);
    return concatenate({anchor_columns(b.graph(), batch, image, {h, w}, anchors), convolved("regression", 4),
                        convolved("classification", 1 + classes)},
                       2);
  }

 private:
  static std::shared_ptr<const Initializer> xavier(const Shape& weight) {
    const Fans fans = fans_of(weight);
    return uniform_initializer(std::sqrt(6 / (fans.in + fans.out)));
  }
};
DL_LAYER(SsdHead, "ssd_head");

}  // namespace
}  // namespace dl
