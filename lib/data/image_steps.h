// What transforms of images are made of: steps that move places move all that lies on the image, steps that change
// colours change "x" alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "lib/data/image/colour.h"
#include "lib/data/image/warp.h"
#include "lib/data/transform.h"
#include "lib/spec/one_or_more.h"

namespace dl {

// The step done with probability p and in training alone, or where it `always` comes outside of it too: by what `draw`
// gives for no random numbers. Its fields keep their types; drawn[9] is taken.
TransformStep by_chance(TransformStep step, double p, bool always = false);

// A change of "x", which keeps its type.
using ColourFunction =
    std::function<void(const std::byte* in, DType dtype, const ImageType& type, const Drawn& drawn, std::byte* out)>;
FieldStep colour_field(std::span<const SampleField> fields, const Where& where, ColourFunction apply);

// A change that is the same whenever it is done: with probability p in training, and where p is 1 outside it too, as
// it is no augmentation then. Numbers where it takes bytes alone are an Error(Exit::usage) at `where`.
TransformStep colour_step(std::span<const SampleField> fields, const Where& where, ColourChange change, float strength,
                          double p);
// Reports an image of numbers where bytes are needed.
void expect_bytes(std::span<const SampleField> fields, const Where& where);

// The keys of transforms that move places.
struct WarpKeys {
  std::string interpolation = "nearest";
  OneOrMore<double> fill{{0}};
  void describe(Schema& s);
};

// All that lies on an image taken from the places that are drawn, with probability p, in training alone. Whole numbers
// come from the nearest place, and other fields than "x" have 0 where nothing lies.
TransformStep warp_step(std::span<const SampleField> fields, const Where& where, const WarpKeys& keys, double p,
                        std::function<Places(SampleRandom& random, const ImageType& image)> draw);
// The values that an image's channels are filled with; of another number of channels an Error(Exit::usage) at `where`.
std::vector<float> fill_of(const OneOrMore<double>& fill, const ImageType& image, const Where& where);

// Between two numbers, each alike.
struct Interval {
  double low = 0, high = 0;
  double draw(SampleRandom& random) const { return low + (high - low) * static_cast<double>(random.uniform()); }
};
// [low, high] of a key; one number x is [base - x, base + x], not below `least`.
Interval range_of(const OneOrMore<double>& numbers, double base = 0, double least = -1e300);
// Reports a key that is neither.
void check_range(const Report& report, const std::string& key, const OneOrMore<double>& numbers);

}  // namespace dl
