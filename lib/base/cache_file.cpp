// Kept files: a line with the hash of what follows, then the text.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/cache_file.h"

#include <cstdlib>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t most_bytes = 1 << 20;

std::string head_of(std::string_view text) { return hash_text(xxh64(text)) + "\n"; }

}  // namespace

fs::path cache_folder() {
  for (const auto& [variable, below] : {std::pair("XDG_CACHE_HOME", ""), std::pair("HOME", ".cache")}) {
    const char* const value = std::getenv(variable);
    if (value != nullptr && fs::path(value).is_absolute()) return fs::path(value) / below / "dlcli";
  }
  return {};
}

std::optional<std::string> read_cached(const std::string& name) {
  const fs::path folder = cache_folder();
  std::error_code unreadable;
  if (folder.empty() || !fs::is_regular_file(folder / name, unreadable)) return {};
  try {
    const std::string all = read_file(folder / name, most_bytes);
    const size_t end = all.find('\n');
    if (end == std::string::npos) return {};
    std::string text = all.substr(end + 1);
    if (all.compare(0, end + 1, head_of(text)) != 0) return {};
    return text;
  } catch (const Error&) {
    return {};
  }
}

void write_cached(const std::string& name, std::string_view text) {
  const fs::path folder = cache_folder();
  std::error_code refused;
  if (folder.empty() || (fs::create_directories(folder, refused), refused)) return;
  try {
    write_file_atomic(folder / name, concat(head_of(text), text));
  } catch (const Error&) {  // a full disk, or a folder of another user's
  }
}

}  // namespace dl
