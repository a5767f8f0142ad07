// Folders of images, listed.
#include "lib/data/image_names.h"

#include <algorithm>
#include <set>
#include <string>

#include "lib/base/error.h"

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
  std::ranges::sort(names);
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
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  static const std::set<std::string> known{".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tga"};
  return known.contains(extension);
}

ImagesBelow images_below(const fs::path& folder) {
  ImagesBelow found;
  std::vector<fs::path> above;
  list(folder, above, found);
  return found;
}

}  // namespace dl
