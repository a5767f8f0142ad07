// In which order an array has an image's sizes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/graph/type.h"

namespace dl {

// What a reader's key `layout` may say: where the channels stand, or that there are none.
std::vector<std::string> image_layouts();

// How the samples of an array are understood.
struct LaidOut {
  Shape shape;                  // [height, width, channels] where they are images
  bool channels_first = false;  // they are stored [channels, height, width], sequences [channels, length]
  std::string refused;          // what is wrong with the layout that was said; empty: nothing
  std::string warning;          // what makes another layout likely, where none was said; empty: nothing
  std::string help;             // for either
};
// Of samples of this stored shape. Without a layout two sizes are grey images where `two_are_grey`, three sizes are
// [height, width, channels], and all else is left as it is. With channels_first two sizes that are not grey are those
// of a sequence.
LaidOut lay_out(const Shape& stored, bool two_are_grey, const std::optional<std::string>& layout);

// An image stored [channels, height, width] as one of type [height, width, channels], a sequence stored [channels,
// length] as one of [length, channels].
void interleave_channels(const std::byte* planes, const Type& type, std::byte* into);

}  // namespace dl
