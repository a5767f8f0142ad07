// Finding the files of a data set.
#include "lib/data/reader.h"

#include "lib/base/error.h"

namespace dl {

std::filesystem::path find_data(const Folders& folders, const std::string& name) {
  std::string looked_in;
  for (const std::filesystem::path& root : folders.roots) {
    const std::filesystem::path path = root / name;  // `name` itself where it is absolute
    std::error_code unreadable;
    if (std::filesystem::exists(path, unreadable)) return path;
    if (!looked_in.empty()) looked_in += ", ";
    looked_in += root.string();
  }
  const bool absolute = std::filesystem::path(name).is_absolute();
  throw Error(Exit::data, Problem{.what = absolute ? concat("'", name, "' is not there")
                                                   : concat("'", name, "' is not there; looked in ", looked_in),
                                  .help = folders.get.empty() ? "" : "get it with: " + folders.get});
}

}  // namespace dl
