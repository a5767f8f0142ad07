// auto_augment: one of 25 pairs of changes that a search found for a data set (Cubuk et al. 2019, arXiv:1805.09501,
// tables 7 to 9): torchvision's AutoAugment.
// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "lib/data/augment.h"

namespace dl {
namespace {

// A change with its probability and its magnitude, one of ten.
struct Likely {
  AugmentKind kind;
  double p;
  int bin;
};
using Policy = std::array<Likely, 2>;

// clang-format off
struct Policies {
using enum AugmentKind;
static constexpr Policy imagenet[] = {
    {{{posterize, 0.4, 8}, {rotate, 0.6, 9}}},
    {{{solarize, 0.6, 5}, {autocontrast, 0.6, 0}}},
    {{{equalize, 0.8, 0}, {equalize, 0.6, 0}}},
    {{{posterize, 0.6, 7}, {posterize, 0.6, 6}}},
    {{{equalize, 0.4, 0}, {solarize, 0.2, 4}}},
    {{{equalize, 0.4, 0}, {rotate, 0.8, 8}}},
    {{{solarize, 0.6, 3}, {equalize, 0.6, 0}}},
    {{{posterize, 0.8, 5}, {equalize, 1, 0}}},
    {{{rotate, 0.2, 3}, {solarize, 0.6, 8}}},
    {{{equalize, 0.6, 0}, {posterize, 0.4, 6}}},
    {{{rotate, 0.8, 8}, {color, 0.4, 0}}},
    {{{rotate, 0.4, 9}, {equalize, 0.6, 0}}},
    {{{equalize, 0, 0}, {equalize, 0.8, 0}}},
    {{{invert, 0.6, 0}, {equalize, 1, 0}}},
    {{{color, 0.6, 4}, {contrast, 1, 8}}},
    {{{rotate, 0.8, 8}, {color, 1, 2}}},
    {{{color, 0.8, 8}, {solarize, 0.8, 7}}},
    {{{sharpness, 0.4, 7}, {invert, 0.6, 0}}},
    {{{shear_x, 0.6, 5}, {equalize, 1, 0}}},
    {{{color, 0.4, 0}, {equalize, 0.6, 0}}},
    {{{equalize, 0.4, 0}, {solarize, 0.2, 4}}},
    {{{solarize, 0.6, 5}, {autocontrast, 0.6, 0}}},
    {{{invert, 0.6, 0}, {equalize, 1, 0}}},
    {{{color, 0.6, 4}, {contrast, 1, 8}}},
    {{{equalize, 0.8, 0}, {equalize, 0.6, 0}}}};

static constexpr Policy cifar10[] = {
    {{{invert, 0.1, 0}, {contrast, 0.2, 6}}},
    {{{rotate, 0.7, 2}, {translate_x, 0.3, 9}}},
    {{{sharpness, 0.8, 1}, {sharpness, 0.9, 3}}},
    {{{shear_y, 0.5, 8}, {translate_y, 0.7, 9}}},
    {{{autocontrast, 0.5, 0}, {equalize, 0.9, 0}}},
    {{{shear_y, 0.2, 7}, {posterize, 0.3, 7}}},
    {{{color, 0.4, 3}, {brightness, 0.6, 7}}},
    {{{sharpness, 0.3, 9}, {brightness, 0.7, 9}}},
    {{{equalize, 0.6, 0}, {equalize, 0.5, 0}}},
    {{{contrast, 0.6, 7}, {sharpness, 0.6, 5}}},
    {{{color, 0.7, 7}, {translate_x, 0.5, 8}}},
    {{{equalize, 0.3, 0}, {autocontrast, 0.4, 0}}},
    {{{translate_y, 0.4, 3}, {sharpness, 0.2, 6}}},
    {{{brightness, 0.9, 6}, {color, 0.2, 8}}},
    {{{solarize, 0.5, 2}, {invert, 0, 0}}},
    {{{equalize, 0.2, 0}, {autocontrast, 0.6, 0}}},
    {{{equalize, 0.2, 0}, {equalize, 0.6, 0}}},
    {{{color, 0.9, 9}, {equalize, 0.6, 0}}},
    {{{autocontrast, 0.8, 0}, {solarize, 0.2, 8}}},
    {{{brightness, 0.1, 3}, {color, 0.7, 0}}},
    {{{solarize, 0.4, 5}, {autocontrast, 0.9, 0}}},
    {{{translate_y, 0.9, 9}, {translate_y, 0.7, 9}}},
    {{{autocontrast, 0.9, 0}, {solarize, 0.8, 3}}},
    {{{equalize, 0.8, 0}, {invert, 0.1, 0}}},
    {{{translate_y, 0.7, 9}, {autocontrast, 0.9, 0}}}};

static constexpr Policy svhn[] = {
    {{{shear_x, 0.9, 4}, {invert, 0.2, 0}}},
    {{{shear_y, 0.9, 8}, {invert, 0.7, 0}}},
    {{{equalize, 0.6, 0}, {solarize, 0.6, 6}}},
    {{{invert, 0.9, 0}, {equalize, 0.6, 0}}},
    {{{equalize, 0.6, 0}, {rotate, 0.9, 3}}},
    {{{shear_x, 0.9, 4}, {autocontrast, 0.8, 0}}},
    {{{shear_y, 0.9, 8}, {invert, 0.4, 0}}},
    {{{shear_y, 0.9, 5}, {solarize, 0.2, 6}}},
    {{{invert, 0.9, 0}, {autocontrast, 0.8, 0}}},
    {{{equalize, 0.6, 0}, {rotate, 0.9, 3}}},
    {{{shear_x, 0.9, 4}, {solarize, 0.3, 3}}},
    {{{shear_y, 0.8, 8}, {invert, 0.7, 0}}},
    {{{equalize, 0.9, 0}, {translate_y, 0.6, 6}}},
    {{{invert, 0.9, 0}, {equalize, 0.6, 0}}},
    {{{contrast, 0.3, 3}, {rotate, 0.8, 4}}},
    {{{invert, 0.8, 0}, {translate_y, 0, 2}}},
    {{{shear_y, 0.7, 6}, {solarize, 0.4, 8}}},
    {{{invert, 0.6, 0}, {rotate, 0.8, 4}}},
    {{{shear_y, 0.3, 7}, {translate_x, 0.9, 3}}},
    {{{shear_x, 0.1, 6}, {invert, 0.6, 0}}},
    {{{solarize, 0.7, 2}, {translate_y, 0.6, 7}}},
    {{{shear_y, 0.8, 4}, {invert, 0.8, 0}}},
    {{{shear_x, 0.7, 9}, {translate_y, 0.8, 3}}},
    {{{shear_y, 0.8, 5}, {autocontrast, 0.7, 0}}},
    {{{shear_x, 0.7, 2}, {invert, 0.1, 0}}}};
};
// clang-format on

struct AutoAugment final : Transform {
  std::string policy = "imagenet";
  WarpKeys keys;
  void describe(Schema& s) override {
    s.summary("two changes of the image that a search found to help, in training only");
    s.details("Of 25 pairs one is drawn for each sample. Images of bytes.");
    s.optional("policy", policy, "the data set for which they were found")
        .one_of({"imagenet", "cifar10", "svhn"})
        .positional();
    keys.describe(s);
    s.also_known_as({"AutoAugment", "autoaugment"});
    s.example("auto_augment");
    s.example("auto_augment: cifar10");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const AugmentReach reach = usual_reach(image_type(fields[input_field(fields)].type, place));
    const Policy* policies = policy == "imagenet"  ? Policies::imagenet
                             : policy == "cifar10" ? Policies::cifar10
                                                   : Policies::svhn;
    return augment_step(fields, place, keys, [=](SampleRandom& random, std::vector<Augmentation>& list) {
      for (const auto& [kind, p, bin] : policies[random.below(25)])
        if (static_cast<double>(random.uniform()) < p) list.push_back(augmentation(kind, bin, 10, reach, random));
    });
  }
};
DL_TRANSFORM(AutoAugment, "auto_augment");

}  // namespace
}  // namespace dl
