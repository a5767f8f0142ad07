// Folders of images, listed.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/image_names.h"

#include <algorithm>
#include <string>

#include "lib/base/error.h"
#include "lib/base/lower.h"
#include "lib/base/text.h"
#include "lib/data/image/image.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

// `above` are the folders that hold this one, so that a link back to one of them is no endless way.
void list(const fs::path& folder, std::vector<fs::path>& above, ImagesBelow& found) {
  std::error_code unreadable;
  const fs::path real = fs::canonical(folder, unreadable);
  if (std::ranges::count(above, real) > 0) return;
  above.push_back(real);
  std::vector<fs::path> names;
  for (fs::directory_iterator at(folder, unreadable), end; !unreadable && at != end; at.increment(unreadable))
    if (const fs::path name = at->path().filename(); name.native().front() != '.') names.push_back(name);
  if (unreadable)
    throw Error(Exit::io, Problem{.where = {.file = folder.string()},
                                  .what = "the folder cannot be listed: " + unreadable.message()});
  std::ranges::sort(names, numbered_before, [](const fs::path& name) -> const std::string& { return name.native(); });
  for (const fs::path& name : names) {
    const fs::path path = folder / name;
    if (fs::is_directory(path, unreadable)) {
      list(path, above, found);
    } else if (is_image_name(name)) {
      found.images.push_back(path);
    } else {
      found.passed_over.push_back(path);
    }
  }
  above.pop_back();
}

}  // namespace

bool is_image_name(const fs::path& path) {
  static const std::vector<std::string> formats = image_formats();
  const std::string extension = lower(path.extension().string());
  return !extension.empty() && std::ranges::binary_search(formats, extension.substr(1));
}

ImagesBelow images_below(const fs::path& folder) {
  ImagesBelow found;
  std::vector<fs::path> above;
  list(folder, above, found);
  return found;
}

}  // namespace dl
