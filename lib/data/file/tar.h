// Tar archives, read where they lie: headers are found one behind another, contents by their place. Uncompressed, of
// the formats v7, ustar, GNU (long names, sizes of 64 bits) and pax. Our own reader, as libarchive's goes through a
// file from its beginning and tells no places to come back to.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "lib/base/file.h"

namespace dl {

// A regular file in an archive.
struct TarEntry {
  std::string name;
  int64_t at = 0;     // where its headers begin: what entry() takes
  int64_t begin = 0;  // of its contents
  int64_t bytes = 0;
  int64_t next = 0;  // where the headers behind it begin
};

// Threads may share it. What is no tar, or a broken or cut one, is an Error(Exit::data) that names the file and the
// byte.
class TarFile {
 public:
  explicit TarFile(std::filesystem::path path) : file_(std::move(path)) {}

  // The first regular file whose headers begin at byte `at` or behind; none at the archive's end. Folders, links and
  // devices are passed over. `at` is 0 or a `next`.
  std::optional<TarEntry> entry(int64_t at) const;
  // An entry of more than `most` bytes is refused.
  std::string contents(const TarEntry& entry, int64_t most) const;

  const std::filesystem::path& path() const { return file_.path(); }
  int64_t size_bytes() const { return static_cast<int64_t>(file_.size_bytes()); }

 private:
  InputFile file_;
};

}  // namespace dl
