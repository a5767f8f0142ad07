// How a convolution of volumes becomes convolutions of images: everything that follows from the shapes, before any
// memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/device/cpu/conv2d.h"
#include "lib/device/cpu/correlation_plan.h"

namespace dl {

// The same convolution as one of images, on the same memory: of an image it is itself, of a sequence an image of one
// row, of a volume one where the window has one place along the depth, or one in each plane. Unset for other volumes.
std::optional<ConvShapes> as_images(const ConvShapes& conv);

// Taps [begin, end) of a phase of the depth, whose planes are laid beside each other as channels.
struct JoinedTaps {
  int64_t begin = 0, end = 0;
  int64_t weight_at = 0;  // where their weights begin, in elements
  int64_t taps() const { return end - begin; }
};

// Of so many planes at a time, each with so many taps along the depth: what is left is a convolution of images.
ConvShapes images_of_planes(const ConvShapes& conv, int64_t planes, int64_t taps, bool backward);

// y, or with `backward` dx: planes of each phase of the depth, whose taps along it are the same, a chunk at a time.
struct VolumePlan {
  struct Phase {
    AxisPhase depth;
    std::vector<JoinedTaps> joined;
    int64_t planes = 0, together = 1;  // of the output: all, and those of a chunk
    bool direct = false;               // what is made lies in the output as it is made
  };
  std::vector<Phase> phases;
  int64_t weight_elements = 0, gathered_elements = 0;  // laid out anew
  int64_t sums_floats = 0, more_floats = 0;            // of a chunk that is not direct; of its second part of the taps
};
// keeps_product: the product lies whole in an output.
VolumePlan plan_volume(const ConvShapes& conv, bool backward, DType pixels, bool keeps_product);

// dweight: the chunks' gradients are added one after another.
struct VolumeGradWeightPlan {
  AxisPhase depth;
  std::vector<JoinedTaps> joined;
  int64_t planes = 0, together = 1;
  int64_t gathered_elements = 0, part_floats = 0;
};
VolumeGradWeightPlan plan_volume_grad_weight(const ConvShapes& conv, DType pixels);

}  // namespace dl
