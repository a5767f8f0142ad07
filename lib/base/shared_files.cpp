// Looking for what comes with the program.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/shared_files.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

namespace dl {
namespace {

namespace fs = std::filesystem;

std::string_view variable(const char* name, const char* unset) {
  const char* value = std::getenv(name);
  return value && *value ? value : unset;
}

}  // namespace

std::vector<fs::path> shared_folders() {
  std::vector<fs::path> folders;
  std::error_code unreadable;
  const fs::path program = fs::read_symlink("/proc/self/exe", unreadable).parent_path();
  if (fs::exists(program / "CMakeCache.txt", unreadable)) folders.push_back(program.parent_path());
  folders.push_back(program.parent_path() / "share" / "dlcli");
  if (const fs::path home = variable("HOME", ""), own = home / ".local/share"; home.is_absolute())
    folders.push_back(fs::path(variable("XDG_DATA_HOME", own.c_str())) / "dlcli");
  const std::string_view system = variable("XDG_DATA_DIRS", "/usr/local/share:/usr/share");
  for (size_t begin = 0; begin < system.size();) {
    const size_t end = std::min(system.find(':', begin), system.size());
    if (end > begin) folders.push_back(fs::path(system.substr(begin, end - begin)) / "dlcli");
    begin = end + 1;
  }
  return folders;
}

fs::path shared_file(const fs::path& name) {
  std::error_code unreadable;
  if (name.empty() || name.is_absolute() || fs::exists(name, unreadable)) return name;
  for (const fs::path& folder : shared_folders())
    if (fs::is_regular_file(folder / name, unreadable)) return folder / name;
  return name;
}

}  // namespace dl
