// Whole files: read within a bound, and written so that a file is visible only when it is complete.
// Only regular files: a pipe, a device, a socket or a folder is refused.
// Every failure is an Error(Exit::io) that names the path, the call, the bytes asked and the system's reason.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "lib/base/descriptor.h"

namespace dl {

// A regular file open for reading. Reads name their offset, so several threads may share one.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  uint64_t size_bytes() const { return size_bytes_; }  // when it was opened

  // Fills `into` with exactly `bytes` bytes from `offset`; a file that ends before is an Error(Exit::data).
  void read(uint64_t offset, void* into, size_t bytes) const;

 private:
  std::filesystem::path path_;
  Descriptor file_;
  uint64_t size_bytes_;
};

// The bytes of a regular file; one larger than `max_bytes` is an Error(Exit::data) and is not read.
std::string read_file(const std::filesystem::path& path, uint64_t max_bytes);

// A file written in pieces that appears at `path` on commit() and not before: the pieces go to a temporary name in the
// same folder, commit() does fsync, rename and fsync of the folder. When commit() returns the file survives a power
// cut. Destroyed without commit(), or after a failure, it leaves `path` as it was and no temporary.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void append(const void* data, size_t bytes);
  void append(std::string_view text) { append(text.data(), text.size()); }
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  Descriptor file_;
};

// Whether a file of this name is one that an AtomicFile of a killed process may have left behind.
bool is_temporary(const std::string& name);

// AtomicFile for bytes that are already together.
void write_file_atomic(const std::filesystem::path& path, std::string_view bytes);

}  // namespace dl
