// The operations that AutoAugment (Cubuk et al. 2019, arXiv:1805.09501) chooses from, and its successors: each with a
// magnitude, as torchvision has them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "lib/data/image_steps.h"

namespace dl {

enum class AugmentKind {
  identity,
  shear_x,
  shear_y,
  translate_x,
  translate_y,
  rotate,
  brightness,
  color,
  contrast,
  sharpness,
  posterize,
  solarize,
  autocontrast,
  equalize,
  invert,
};

struct Augmentation {
  AugmentKind kind = AugmentKind::identity;
  double magnitude = 0;  // the shear's tangent, pixels, degrees, strength - 1, bits, share of the largest value
};
bool moves_places(AugmentKind kind);

// How far magnitudes reach: bin i of n has i / (n - 1) of it.
struct AugmentReach {
  double shear = 0.3, translate_x = 0, translate_y = 0, rotate = 30, colour = 0.9;
  int bits = 8, bits_less = 4;  // posterize keeps from so many bits down to so many fewer
};
// Of AutoAugment and RandAugment.
AugmentReach usual_reach(const ImageType& image);
// The operation with the magnitude of a bin; to either side alike where it has sides.
Augmentation augmentation(AugmentKind kind, int64_t bin, int64_t bins, const AugmentReach& reach, SampleRandom& random);

// Of an image or what lies on it. Places outside are filled by `keys`.
void augment(const Augmentation& augmentation, const std::byte* in, DType dtype, const ImageType& type,
             const WarpOptions& options, std::byte* out);

// A step that does what `choose` puts into the list, in this order, in training only, to bytes.
using ChooseAugmentations = std::function<void(SampleRandom& random, std::vector<Augmentation>& list)>;
TransformStep augment_step(std::span<const SampleField> fields, const Where& where, const WarpKeys& keys,
                           ChooseAugmentations choose);

}  // namespace dl
