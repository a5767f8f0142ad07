// A log that grows at its end and can be cut back: metrics and the run's log.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "lib/base/descriptor.h"

namespace dl {

// Opened for appending, made if missing; a link is refused. Every failure is an Error(Exit::io) as in
// lib/base/io_error.h.
class AppendFile {
 public:
  explicit AppendFile(std::filesystem::path path);

  // Appends the whole text or, where that fails, none of it, so that no torn line is left by a full disk.
  void append(std::string_view text);
  // Cuts the file to its first `size_bytes` bytes, which must be there.
  void truncate(uint64_t size_bytes);
  // What was appended survives a power cut once this returns.
  void sync();

  const std::filesystem::path& path() const { return path_; }
  uint64_t size_bytes() const { return size_bytes_; }

 private:
  std::filesystem::path path_;
  Descriptor file_;
  uint64_t size_bytes_;
};

}  // namespace dl
