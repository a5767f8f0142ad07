// What comes with the program: configs, descriptions of data sets, documents.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <vector>

namespace dl {

// The folders that may hold them, in the order in which they are looked in: the source tree, where the program lies in
// a build folder inside it; PREFIX/share/dlcli, where it lies in PREFIX/bin, wherever that is; then `dlcli` in the
// user's and the system's folders of data (XDG Base Directory Specification: XDG_DATA_HOME, XDG_DATA_DIRS).
std::vector<std::filesystem::path> shared_folders();

// `name` where it is absolute or there is such a file, else the first of the shared folders' that is there, else
// `name`.
std::filesystem::path shared_file(const std::filesystem::path& name);

}  // namespace dl
