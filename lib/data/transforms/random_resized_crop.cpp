// random_resized_crop: a window of random area, shape and place, brought to a size (Szegedy et al. 2015,
// arXiv:1409.4842); outside training the whole image.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/base/text.h"
#include "lib/data/image/image_type.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

std::string list_text(const std::vector<double>& values) {
  std::vector<std::string> texts;
  for (double value : values) texts.push_back(number_text(value));
  return "[" + join(texts) + "]";
}

struct RandomResizedCrop final : Transform {
  Pair size;
  std::vector<double> scale{0.08, 1}, ratio{3.0 / 4, 4.0 / 3};
  void describe(Schema& s) override {
    s.summary("a window of random area and shape at a random place, stretched to a size, in training only");
    s.details(
        "As torchvision's: the window's area is a share of the image's drawn from `scale`, its width / height is drawn "
        "from `ratio`, evenly by its logarithm; after ten draws that do not fit the largest window in the middle whose "
        "shape `ratio` allows. Outside training the whole image is stretched; write 'resize' and 'center_crop' before "
        "it "
        "for another window. Bilinear and antialiased; a mask of classes takes the nearest place's.");
    s.required("size", size, "[height, width] of the result").at_least(1).at_most(1 << 16).positional();
    s.optional("scale", scale, "[least, most] share of the image's area").above(0).at_most(1);
    s.optional("ratio", ratio, "[least, most] width / height of the window").above(0);
    s.example("random_resized_crop: 64");
    s.example("random_resized_crop: {size: 224, scale: [0.35, 1]}");
    s.check([this](const Report& report) {
      for (const auto& [key, range] : {std::pair("scale", &scale), {"ratio", &ratio}})
        if (range->size() != 2 || (*range)[0] > (*range)[1])
          report.at(key, concat("expected [least, most], got ", list_text(*range)));
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const ImageType from = image_type(fields[input_field(fields)].type, place);
    return window_step(fields, place, size, [*this, from](SampleRandom* random) {
      return random ? draw(from, *random) : whole_image({from.h, from.w});
    });
  }

  ImageWindow draw(const ImageType& image, SampleRandom& random) const {
    const auto between = [&](double low, double high) {
      return low + (high - low) * static_cast<double>(random.uniform());
    };
    const double area = static_cast<double>(image.h * image.w);
    for (int attempt = 0; attempt < 10; ++attempt) {
      const double target = area * between(scale[0], scale[1]);
      const double aspect = std::exp(between(std::log(ratio[0]), std::log(ratio[1])));
      const int64_t w = std::llround(std::sqrt(target * aspect)), h = std::llround(std::sqrt(target / aspect));
      if (w < 1 || h < 1 || w > image.w || h > image.h) continue;
      return {random.below(image.h - h + 1), random.below(image.w - w + 1), h, w};
    }
    const double aspect = std::clamp(static_cast<double>(image.w) / static_cast<double>(image.h), ratio[0], ratio[1]);
    const double height = static_cast<double>(image.h), width = static_cast<double>(image.w);
    const int64_t w = std::clamp<int64_t>(std::llround(std::min(width, height * aspect)), 1, image.w);
    const int64_t h = std::clamp<int64_t>(std::llround(std::min(height, width / aspect)), 1, image.h);
    return {(image.h - h) / 2, (image.w - w) / 2, h, w};
  }
};
DL_TRANSFORM(RandomResizedCrop, "random_resized_crop");

}  // namespace
}  // namespace dl
