// The bytes of a file from its beginning, decompressed where it is gzip (by its first bytes, not its name).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>

#include "lib/base/file.h"
#include "lib/base/hash.h"

namespace dl {

constexpr uint64_t deflate_ratio = 1032;  // the most bytes that one byte of deflate expands to (RFC 1951)

class ByteSource {
 public:
  explicit ByteSource(std::filesystem::path path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Fills `into` with the next bytes and returns how many: fewer than asked only at the end. Compressed data that are
  // broken or cut short are an Error(Exit::data).
  size_t read(void* into, size_t bytes);
  // Fills `into` with `bytes` bytes of the file, as they are on the disk, from `offset` on, whatever read() has read;
  // several threads may.
  void read_at(uint64_t offset, void* into, size_t bytes) const { file_.read(offset, into, bytes); }
  // A file of its size on the disk yields no more.
  uint64_t most_bytes() const;
  uint64_t xxh64() const { return hash_.value(); }            // of all bytes read so far
  uint64_t file_bytes() const { return file_.size_bytes(); }  // on the disk
  const std::filesystem::path& path() const { return file_.path(); }
  bool compressed() const { return inflater_ != nullptr; }

 private:
  struct Inflater;
  size_t inflate(unsigned char* into, size_t bytes);

  InputFile file_;
  uint64_t at_ = 0;  // in the file
  std::unique_ptr<Inflater> inflater_;
  Xxh64 hash_;
};

}  // namespace dl
