// Images side by side, as one PNG: samples of data, or what a network gives.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "app/picture.h"
#include "lib/data/dataset.h"
#include "lib/data/one_sample.h"
#include "lib/graph/boxes.h"

namespace dl {

// An image with a few words under it, and boxes with a word each on it.
struct SheetEntry {
  struct Line {
    std::string text;
    Picture::Colour colour = Picture::black;
  };
  std::vector<uint8_t> dots;  // [height, width, channels]
  struct Outline {
    Box box;  // in pixels of the image
    std::string text;
  };
  std::vector<Line> lines = {};
  std::vector<Outline> boxes = {};
};

// What is no image [height, width, channels] of 1, 3 or 4 channels is an Error(Exit::usage); `what` is "the samples
// are" such.
void expect_images(const Type& type, const std::string& what);
// Numbers as dots: from their least to their largest, or from 0 to 1 or 255 where they lie there.
std::vector<uint8_t> dots_of(std::span<const float> values);
// Images of one shape; there is one at least.
void write_sheet(const std::filesystem::path& file, const Shape& shape, const std::vector<SheetEntry>& entries);

// The samples' "x" as they were before the transforms.
class SampleImages {
 public:
  explicit SampleImages(const Dataset& data);  // Error(Exit::usage) where they are no images
  const Shape& shape() const { return raw_.fields()[field_].type.shape; }
  std::vector<uint8_t> dots(int64_t sample);

 private:
  const Dataset& raw_;
  size_t field_;
  OneSample sample_;
};

}  // namespace dl
