// Files that are kept by when they were used last.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/cubin_cache.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "lib/base/cache_file.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"

namespace dl::cuda {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t most_image_bytes = uint64_t{256} << 20;
constexpr auto abandoned = std::chrono::hours(24);  // what a killed process was writing

fs::path file_of(const fs::path& folder, const std::string& key) { return folder / (key + ".cubin"); }

}  // namespace

CubinCache CubinCache::of_user() {
  const fs::path caches = cache_folder();
  return CubinCache(caches.empty() ? fs::path() : caches / "cubins");
}

std::optional<std::string> CubinCache::read(const std::string& key) const {
  const fs::path file = file_of(folder_, key);
  std::error_code refused;
  if (folder_.empty() || !fs::is_regular_file(file, refused)) return {};
  try {
    std::string image = read_file(file, most_image_bytes);
    const size_t hash_bytes = hash_text(0).size();
    if (image.size() <= hash_bytes) return {};
    const std::string hash = image.substr(image.size() - hash_bytes);
    image.resize(image.size() - hash_bytes);
    if (hash != hash_text(xxh64(image))) return {};
    fs::last_write_time(file, fs::file_time_type::clock::now(), refused);
    return image;
  } catch (const Error&) {
    return {};
  }
}

void CubinCache::write(const std::string& key, std::string_view image) const {
  std::error_code refused;
  if (folder_.empty() || (fs::create_directories(folder_, refused), refused)) return;
  try {
    write_file_atomic(file_of(folder_, key), concat(image, hash_text(xxh64(image))));
  } catch (const Error&) {  // a full disk, or a folder of another user's
  }
  remove_oldest();
}

void CubinCache::remove_oldest() const {
  struct Kept {
    fs::path path;
    fs::file_time_type used;
    int64_t bytes;
  };
  std::vector<Kept> all;
  std::error_code gone;
  int64_t total = 0;
  fs::directory_iterator at(folder_, gone);
  for (; !gone && at != fs::directory_iterator(); at.increment(gone)) {  // others may remove the folder meanwhile
    const fs::directory_entry& entry = *at;
    std::error_code e;
    Kept kept{entry.path(), entry.last_write_time(e), static_cast<int64_t>(entry.file_size(e))};
    if (e) continue;
    if (is_temporary(kept.path.filename().string())) {
      if (fs::file_time_type::clock::now() - kept.used > abandoned) fs::remove(kept.path, e);
    } else if (kept.path.extension() == ".cubin") {
      total += kept.bytes;
      all.push_back(std::move(kept));
    }
  }
  std::ranges::sort(all, {}, &Kept::used);
  for (size_t i = 0; i < all.size() && total > most_bytes_; ++i) {
    fs::remove(all[i].path, gone);
    total -= all[i].bytes;
  }
}

}  // namespace dl::cuda
