// What some of a data set's images are like, and what configs say by it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/spec/units.h"

namespace dl {

// Of a list of transforms: that pictures are mirrored at random. What moves them follows.
constexpr std::string_view mirrored_yaml =
    "    # pictures look much the same mirrored and moved a little; take these out if yours do not\n"
    "    - horizontal_flip\n";

struct ImageSample {
  Pair size;  // that they are brought to
  bool grey = true, all_alike = true;
  bool deep = false;  // most have 16 bits a value
  Pair least{0, 0}, most{0, 0};
  int64_t looked_at = 0, unreadable = 0;
  double mean[3] = {}, deviation[3] = {};  // of each channel, from 0 to 1

  // "grey, 8 × 9", of `all` images
  std::string text(int64_t all) const;
  bool is_resized() const { return !all_alike || size.h != most.h || size.w != most.w; }
  // The reader's keys of them: ", size: [8, 9], channels: 1".
  std::string keys_yaml() const;
  // The transform that brings them to mean 0 and deviation 1, as an item of a list of transforms.
  std::string normalize_yaml() const;
};

// Images larger than one and a half times `longest` are brought to that, each side to a multiple of `multiple`. Throws
// the last error where none can be read.
ImageSample sample_images(const std::vector<std::filesystem::path>& images, int64_t longest, int64_t multiple);

// About so many of them, at equal distances.
std::vector<std::filesystem::path> some_of(const std::vector<std::filesystem::path>& images, size_t wanted);

std::string size_text(Pair size);  // "8 × 9"

}  // namespace dl
