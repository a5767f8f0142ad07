// Image files told by their names.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <vector>

namespace dl {

// Whether a name ends as those of images that this build decodes: .png, .JPG and so on.
bool is_image_name(const std::filesystem::path& path);

// The images in a folder and below, links followed, hidden files and folders left out: in a folder by name, those of
// its folders where their names stand. A folder that cannot be listed is an Error(Exit::io).
struct ImagesBelow {
  std::vector<std::filesystem::path> images;
  std::vector<std::filesystem::path> passed_over;  // files by other names
};
ImagesBelow images_below(const std::filesystem::path& folder);

}  // namespace dl
