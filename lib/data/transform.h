// A transform: changes the input "x" of each sample, in the order of the spec's list. Leaves register as
// DL_TRANSFORM(RandomCrop, "random_crop").
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/data/image/resize.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

// A transform for inputs of one type. apply() writes all of `out`; `in` and `out` do not overlap; threads share it.
struct TransformStep {
  Type output;
  std::function<void(const std::byte* in, std::byte* out, SampleRandom* random)> apply;
  // Of a step that brings a window of the image to the output's size and does nothing else: chooses the window. Where
  // it is the first step, the reader is asked for that window alone.
  std::function<ImageWindow(SampleRandom* random)> window = nullptr;
};

struct Transform : Described {
  static constexpr const char* kind = "transform";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for
  // What it does to inputs of this type; throws Error(Exit::usage) with its place where it cannot take them. A random
  // transform whose `random` is null (outside training) does its plain counterpart: a centred crop, no flip.
  virtual TransformStep bind(const Type& input) const = 0;
};

// A window of each image of this type, brought to a size.
TransformStep window_step(const Type& input, Pair size, std::function<ImageWindow(SampleRandom* random)> window);

// u8 to f32 by tables of 256 values, one for each channel (the last dimension) or one for all.
TransformStep by_table(const Type& input, std::vector<float> table);

// The set with its "x" run through the transforms. An "x" that is still u8 after the last one is scaled from 0 … 255 to
// f32 in [0, 1]. Transforms where there is no "x" of u8 or f32 are an Error(Exit::usage).
DatasetPointer transformed(DatasetPointer data, const std::vector<std::unique_ptr<Transform>>& transforms);

// The set before transforms, with the same samples in the same order.
const Dataset& untransformed(const Dataset& data);

}  // namespace dl

#define DL_TRANSFORM(Type, name) DL_REGISTER(::dl::Transform, Type, name)
