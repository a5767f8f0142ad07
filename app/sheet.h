// Samples of images side by side, as one PNG.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "app/picture.h"
#include "lib/data/dataset.h"

namespace dl {

struct SheetEntry {
  struct Line {
    std::string text;
    Picture::Colour colour = Picture::black;
  };
  int64_t sample = 0;
  std::vector<Line> lines;  // under the image
};

// Data whose "x" is no image of 1, 3 or 4 channels are an Error(Exit::usage).
void expect_images(const Dataset& data);
// Writes the samples' images as they were before the transforms; there is one entry at least.
void write_sheet(const std::filesystem::path& file, const Dataset& data, const std::vector<SheetEntry>& entries);

}  // namespace dl
