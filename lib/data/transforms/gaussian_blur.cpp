// gaussian_blur: the mean of the pixels around each, weighted by exp(-d^2 / (2 sigma^2)), with sigma drawn:
// torchvision's GaussianBlur.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include "lib/base/error.h"
#include "lib/data/image/blur.h"
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct GaussianBlur final : Transform {
  Pair kernel_size{0, 0};
  OneOrMore<double> sigma{{0.1, 2}};
  double p = 1;
  void describe(Schema& s) override {
    s.summary("the image blurred, by a strength that is drawn, in training only");
    s.required("kernel_size", kernel_size, "[height, width], odd numbers").at_least(1).at_most(1001).positional();
    s.optional("sigma", sigma, "of the Gaussian in pixels, or [least, most] of it").above(0);
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    s.also_known_as({"GaussianBlur", "random_gaussian_blur", "blur"});
    s.example("gaussian_blur: 3");
    s.example("gaussian_blur: {kernel_size: [5, 9], sigma: [0.1, 5], p: 0.5}");
    s.check([this](const Report& report) {
      check_range(report, "sigma", sigma);
      if (kernel_size.h % 2 == 0 || kernel_size.w % 2 == 0)
        report.at("kernel_size", concat("expected odd numbers, got [", kernel_size.h, ", ", kernel_size.w, "]"),
                  "write 3, 5, 7, …");
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const auto [h, w, c] = image_type(fields[input_field(fields)].type, place);
    if (kernel_size.h >= 2 * h || kernel_size.w >= 2 * w)
      throw Error(Exit::usage, Problem{.where = place,
                                       .what = concat("a kernel of ", kernel_size.h, " x ", kernel_size.w,
                                                      " reaches over images of ", h, " x ", w),
                                       .help = "lower 'kernel_size'"});
    const Interval range = sigma.values.size() == 1 ? Interval{sigma.values[0], sigma.values[0]} : range_of(sigma);
    const auto apply = [size = kernel_size](const std::byte* in, DType dtype, const ImageType& type, const Drawn& drawn,
                                            std::byte* out) {
      blur(in, dtype, type, gaussian(size.h, drawn[0]), gaussian(size.w, drawn[0]), out);
    };
    return by_chance({.fields = {colour_field(fields, place, apply)},
                      .draw = [range](SampleRandom* random) { return Drawn{range.draw(*random)}; }},
                     p);
  }
};
DL_TRANSFORM(GaussianBlur, "gaussian_blur");

}  // namespace
}  // namespace dl
