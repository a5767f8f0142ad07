// Hashing a file in parts.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/file_fingerprint.h"

#include <algorithm>
#include <vector>

#include "lib/base/hash.h"

namespace dl {

uint64_t file_fingerprint(const InputFile& file) {
  constexpr uint64_t parts = 4096, part_bytes = 16 << 10;
  const uint64_t size = file.size_bytes();
  std::vector<char> bytes(part_bytes);
  Xxh64 hash(size);
  const bool whole = size <= parts * part_bytes;
  for (uint64_t part = 0; part < parts; ++part) {
    const uint64_t at = whole ? part * part_bytes : (size - part_bytes) * part / (parts - 1);
    if (at >= size) break;
    const auto count = static_cast<size_t>(std::min(part_bytes, size - at));
    file.read(at, bytes.data(), count);
    hash.append(bytes.data(), count);
  }
  return hash.value();
}

}  // namespace dl
