// Image files that the command line names, and those of them that turn out to be none.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/data/data_spec.h"

namespace dl {

// Files as they are given; of folders the images in them and below, by name, without what is hidden.
std::vector<std::filesystem::path> image_files(const std::vector<std::string>& inputs);

// Files that turned out to be no images: what is predicted of them is of an image of zeros, and means nothing.
class UnreadableImages {
 public:
  explicit UnreadableImages(const ImageFiles& images) : images_(images) {}

  bool has(int64_t index);
  // Ends the command where there are any, `tried` the images that were to be predicted.
  void tell(int64_t tried);

 private:
  const ImageFiles& images_;
  std::vector<Problem> problems_;
};

}  // namespace dl
