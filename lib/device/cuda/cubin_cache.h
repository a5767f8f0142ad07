// Compiled kernels that are kept in the user's folder of caches, so that a program is compiled once on a machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace dl::cuda {

// Files KEY.cubin in a folder: an image, then its hash, so that a damaged one is none. Several processes may use it.
class CubinCache {
 public:
  // `folder`: empty, then nothing is kept. At most `most_bytes` of it are, those used last.
  explicit CubinCache(std::filesystem::path folder, int64_t most_bytes = int64_t{512} << 20)
      : folder_(std::move(folder)), most_bytes_(most_bytes) {}
  // The user's: $XDG_CACHE_HOME/dlcli/cubins.
  static CubinCache of_user();

  std::optional<std::string> read(const std::string& key) const;
  // Appears complete or not at all. Where it cannot be written, nothing is said: it is compiled anew the next time.
  void write(const std::string& key, std::string_view image) const;

 private:
  void remove_oldest() const;

  std::filesystem::path folder_;
  int64_t most_bytes_;
};

}  // namespace dl::cuda
