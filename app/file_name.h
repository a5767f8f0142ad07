// What a config or a run is called after a file.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

namespace dl {

// The file's or folder's name without its endings, of characters that a run's name may have; "data" where none is left.
std::string name_of_file(const std::filesystem::path& path);

}  // namespace dl
