// A transform: changes the fields of each sample, in the order of the spec's list. Leaves register as
// DL_TRANSFORM(RandomCrop, "random_crop").
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/data/image/resize.h"
#include "lib/data/image/warp.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

// What a transform does to one field, by what it drew for the sample: all fields share that, so that a mask follows its
// image. apply() writes all of `out`; `in` and `out` do not overlap; threads share it.
struct FieldStep {
  size_t field = 0;
  Type output;
  std::function<void(const std::byte* in, std::byte* out, const Drawn& drawn)> apply;
};

// Moves points of an image, in pixels from its left upper corner, to where they lie in what becomes of it.
using MovePoints = std::function<void(const Drawn& drawn, std::span<Point> points)>;

// A transform for samples of some fields.
struct TransformStep {
  std::vector<FieldStep> fields;  // those that it changes
  // Null: nothing is drawn. `random` is null outside training: random transforms then do their plain counterpart.
  std::function<Drawn(SampleRandom* random)> draw = nullptr;
  // Of a step that brings a window of the image "x" to the output's size and does nothing else to it: the window. Where
  // it is the first step, the reader is asked for that window alone.
  std::function<ImageWindow(const Drawn&)> window = nullptr;
  // Of a crop that leaves some of the image out: what is drawn for one of the image's corners (TestView::corner).
  std::function<Drawn(int corner)> corner = nullptr;
  MovePoints points = nullptr;  // null: they stay
};

struct Transform : Described {
  static constexpr const char* kind = "transform";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for
  // What it does to samples of these fields, of which one is "x", u8 or f32; throws Error(Exit::usage) with its place
  // where it cannot take them. What moves the places of an image moves all of on_image(); what changes its colours
  // changes "x" alone. A random transform does its plain counterpart outside training: a centred crop, no flip.
  virtual TransformStep bind(std::span<const SampleField> fields) const = 0;
};

// Where "x" stands.
size_t input_field(std::span<const SampleField> fields);

// "x" and the fields that lie on that image, place for place: of the same height and width, whole numbers
// [height, width], as the masks of a segmentation, or numbers [height, width] or [height, width, channels]. That "x" is
// no image is an Error(Exit::usage) at `where`.
std::vector<size_t> on_image(std::span<const SampleField> fields, const Where& where);
// An image of such a field: of [height, width] one channel.
ImageType image_of(const Type& type);
Type with_size(const Type& type, Pair size);

// A window of each image, as it is drawn, brought to a size: numbers bilinear and antialiased, whole ones as the
// nearest place has them. The numbers drawn are the window.
Drawn drawn_window(const ImageWindow& window);
ImageWindow window_drawn(const Drawn& drawn);
TransformStep window_step(std::span<const SampleField> fields, const Where& where, Pair size,
                          std::function<ImageWindow(SampleRandom* random)> window);
// Of a window of this size, in the image as it is.
TransformStep with_corners(TransformStep step, const ImageType& image, Pair size);

// u8 to f32 by tables of 256 values, one for each channel (the last dimension) or one for all.
FieldStep by_table(size_t field, const Type& input, std::vector<float> table);

// The set with its samples run through the transforms. An "x" that is still u8 after the last one is scaled from
// 0 … 255 to f32 in [0, 1]. Transforms where there is no "x" of u8 or f32 are an Error(Exit::usage). Of several `views`
// the further ones are fields "x2", "x3", … behind the others: "x" again, by random numbers of its own; what lies on
// the image goes with "x". Error(Exit::usage) where nothing is drawn, or a field has such a name.
DatasetPointer transformed(DatasetPointer data, const std::vector<std::unique_ptr<Transform>>& transforms,
                           int64_t views = 1);

// Whether they draw random numbers for its samples in training.
bool draws(const Dataset& data);

// Moves points of the image before all transforms to where they lie in the samples outside of training.
void move_points(const Dataset& data, std::span<Point> points);

// Whether a crop leaves some of the image out.
bool has_corners(const Dataset& data);

// The set before transforms, with the same samples in the same order.
const Dataset& untransformed(const Dataset& data);

}  // namespace dl

#define DL_TRANSFORM(Type, name) DL_REGISTER(::dl::Transform, Type, name)
