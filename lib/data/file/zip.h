// The members of a zip archive (PKWARE's APPNOTE 6.3, with zip64): stored or deflated, one disk, no encryption.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/file.h"

namespace dl {

struct ZipMember {
  std::string name;
  bool deflated = false;
  uint32_t crc32 = 0;
  uint64_t packed_bytes = 0, bytes = 0;
  uint64_t header = 0;  // where its local header stands
};

// The archive's members, from its central directory. What is no zip archive, is cut short or says sizes that the file
// cannot hold is an Error(Exit::data) that names the file.
std::vector<ZipMember> read_zip(const InputFile& file);

// Where the member's bytes begin in the file.
uint64_t zip_data(const InputFile& file, const ZipMember& member);

enum class ZipSum { checked, ignored };
// All of a member, inflated where it is deflated. One that takes more memory than the machine has is an
// Error(Exit::data).
std::unique_ptr<std::byte[]> unzip(const InputFile& file, const ZipMember& member, ZipSum sum);

// The first bytes of a member, at most this many; no sum is checked.
std::string unzip_start(const InputFile& file, const ZipMember& member, size_t bytes);

}  // namespace dl
