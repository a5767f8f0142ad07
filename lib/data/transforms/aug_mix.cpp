// aug_mix: the image mixed with chains of changes of itself (Hendrycks et al. 2019, arXiv:1912.02781): m x +
// (1 - m) sum of w_i chain_i(x) with m ~ Beta(alpha, alpha) and w ~ Dirichlet(alpha): torchvision's AugMix.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "lib/data/augment.h"
#include "lib/data/image/vectorized.h"
#include "lib/data/nested.h"
#include "lib/nn/batch_transform.h"

namespace dl {
namespace {

struct AugMix final : Transform {
  int64_t severity = 3, mixture_width = 3, chain_depth = -1;
  double alpha = 1;
  bool all_ops = true;
  WarpKeys keys{.interpolation = "bilinear"};
  void describe(Schema& s) override {
    s.summary("the image mixed with chains of changes of itself, in training only");
    s.details("Images of bytes. What lies on the image stays, though the chains move its places a little.");
    s.optional("severity", severity, "of the changes, from 1 to 10").at_least(1).at_most(10).positional();
    s.optional("mixture_width", mixture_width, "chains").at_least(1).at_most(16);
    s.optional("chain_depth", chain_depth, "changes a chain; -1 draws from 1 to 3").at_least(-1).at_most(16);
    s.optional("alpha", alpha, "of the distributions that the weights are drawn from").above(0);
    s.optional("all_ops", all_ops, "with brightness, color, contrast and sharpness among the changes");
    keys.describe(s);
    s.also_known_as({"AugMix", "augmix"});
    s.example("aug_mix");
    s.example("aug_mix: {severity: 5, mixture_width: 2}");
    s.check([this](const Report& report) {
      if (chain_depth == 0) report.at("chain_depth", "expected a number of changes, or -1");
    });
  }

  static constexpr std::array kinds{AugmentKind::shear_x,     AugmentKind::shear_y,      AugmentKind::translate_x,
                                    AugmentKind::translate_y, AugmentKind::rotate,       AugmentKind::posterize,
                                    AugmentKind::solarize,    AugmentKind::autocontrast, AugmentKind::equalize,
                                    AugmentKind::brightness,  AugmentKind::color,        AugmentKind::contrast,
                                    AugmentKind::sharpness};

  TransformStep bind(std::span<const SampleField> fields) const override {
    expect_bytes(fields, place);
    const ImageType image = image_type(fields[input_field(fields)].type, place);
    const AugmentReach reach{.translate_x = static_cast<double>(image.w) / 3,
                             .translate_y = static_cast<double>(image.h) / 3,
                             .bits = 4,
                             .bits_less = 4};
    const auto apply = [=, severity = severity, width = mixture_width, depth = chain_depth, alpha = alpha,
                        count = all_ops ? std::ssize(kinds) : 9, bilinear = keys.interpolation == "bilinear",
                        fill = fill_of(keys.fill, image, place)](const std::byte* in, DType dtype,
                                                                 const ImageType& type, const Drawn& drawn,
                                                                 std::byte* out) {
      SampleRandom random = *random_by(drawn);
      BatchRandom shares(random.bits(), 0, 0);
      const auto values = static_cast<size_t>(type.h * type.w * type.c);
      const double own = shares.beta(alpha, alpha);
      std::vector<double> weights;
      double all = 0;
      for (int64_t i = 0; i < width; ++i) {
        weights.push_back(shares.gamma(alpha));
        all += weights.back();
      }
      Scratch mixed(values * sizeof(float)), chain(values);
      float* sums = reinterpret_cast<float*>(mixed.data());
      const auto add = [&](const std::byte* image_bytes, double weight) {
        const auto* from = reinterpret_cast<const uint8_t*>(image_bytes);
        vectorized([&, w = static_cast<float>(weight)]() DL_INLINED {
          for (size_t i = 0; i < values; ++i) sums[i] += w * static_cast<float>(from[i]);
        });
      };
      std::fill_n(sums, values, 0.0f);
      add(in, own);
      for (int64_t i = 0; i < width; ++i) {
        std::vector<Augmentation> list;
        for (int64_t n = depth > 0 ? depth : 1 + random.below(3); n > 0; --n) {
          const AugmentKind kind = kinds[static_cast<size_t>(random.below(count))];
          list.push_back(augmentation(kind, random.below(severity), 10, reach, random));
        }
        one_after_another(list.size(), values, in, chain.data(), [&](size_t k, const std::byte* from, std::byte* into) {
          augment(list[k], from, dtype, type, {.bilinear = bilinear, .fill = fill}, into);
        });
        add(chain.data(),
            (1 - own) * (all > 0 ? weights[static_cast<size_t>(i)] / all : 1.0 / static_cast<double>(width)));
      }
      auto* bytes = reinterpret_cast<uint8_t*>(out);
      for (size_t i = 0; i < values; ++i)
        bytes[i] = static_cast<uint8_t>(std::clamp(static_cast<int32_t>(sums[i] + 0.001f), 0, 255));
    };
    return by_chance({.fields = {colour_field(fields, place, apply)}, .draw = drawn_key}, 1);
  }
};
DL_TRANSFORM(AugMix, "aug_mix");

}  // namespace
}  // namespace dl
