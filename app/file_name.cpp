// Names of what is made of a file.
// SPDX-License-Identifier: Apache-2.0
#include "app/file_name.h"

namespace dl {

namespace fs = std::filesystem;

std::string name_of_file(const std::filesystem::path& path) {
  fs::path name = fs::weakly_canonical(path).filename();
  if (name.extension() == ".gz") name = name.stem();
  std::error_code error;
  if (!fs::is_directory(path, error) && name.has_stem()) name = name.stem();
  std::string text;
  for (const char c : name.string()) {
    const bool kept =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (kept || (!text.empty() && text.back() != '-')) text += kept ? c : '-';
  }
  while (!text.empty() && (text.front() == '-' || text.front() == '_')) text.erase(0, 1);
  while (!text.empty() && text.back() == '-') text.pop_back();
  return text.empty() ? "data" : text;
}

}  // namespace dl
