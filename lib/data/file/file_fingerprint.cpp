// Hashing files in parts.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/file_fingerprint.h"

#include <algorithm>
#include <vector>

#include "lib/base/cpu.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/in_parallel.h"

namespace dl {
namespace {

constexpr uint64_t fingerprint_parts = 4096, fingerprint_part_bytes = 16 << 10;

// A file's bytes from `begin` on, at most so many; nothing of one that cannot be read.
uint64_t hash_of_part(const std::filesystem::path& path, uint64_t begin, uint64_t most) try {
  const InputFile file(path);
  if (begin >= file.size_bytes()) return 0;
  std::vector<char> bytes(std::min(most, file.size_bytes() - begin));
  file.read(begin, bytes.data(), bytes.size());
  return xxh64({bytes.data(), bytes.size()}, 1);
} catch (const Error&) {
  return 0;
}

}  // namespace

uint64_t file_fingerprint(const InputFile& file) {
  const uint64_t size = file.size_bytes();
  std::vector<char> bytes(fingerprint_part_bytes);
  Xxh64 hash(size);
  const bool whole = size <= fingerprint_parts * fingerprint_part_bytes;
  for (uint64_t part = 0; part < fingerprint_parts; ++part) {
    const uint64_t at =
        whole ? part * fingerprint_part_bytes : (size - fingerprint_part_bytes) * part / (fingerprint_parts - 1);
    if (at >= size) break;
    const auto count = static_cast<size_t>(std::min(fingerprint_part_bytes, size - at));
    file.read(at, bytes.data(), count);
    hash.append(bytes.data(), count);
  }
  return hash.value();
}

uint64_t files_fingerprint(int64_t files, const std::function<std::filesystem::path(int64_t)>& path) {
  constexpr int64_t block = 256;
  const auto in_blocks = [](int64_t count, const auto& call) {
    in_parallel((count + block - 1) / block, usable_cores(), [&](int64_t at) {
      for (int64_t i = at * block; i < std::min(count, (at + 1) * block); ++i) call(i);
    });
  };
  constexpr uint64_t unreadable = UINT64_MAX;
  std::vector<uint64_t> sizes(static_cast<size_t>(files)), begins;
  in_blocks(files, [&](int64_t i) {
    std::error_code error;
    const uint64_t bytes = std::filesystem::file_size(path(i), error);
    sizes[static_cast<size_t>(i)] = error ? unreadable : bytes;
  });
  uint64_t all = 0;
  for (const uint64_t bytes : sizes) {
    begins.push_back(all);
    all += bytes == unreadable ? 0 : bytes;
  }
  const bool whole = all <= fingerprint_parts * fingerprint_part_bytes;
  std::vector<uint64_t> hashes(whole ? sizes.size() : fingerprint_parts);
  in_blocks(std::ssize(hashes), [&](int64_t i) {
    uint64_t& hash = hashes[static_cast<size_t>(i)];
    if (whole) {
      hash = hash_of_part(path(i), 0, all);
    } else {
      const uint64_t at = (all - fingerprint_part_bytes) / (fingerprint_parts - 1) * static_cast<uint64_t>(i);
      const auto holder = std::ranges::upper_bound(begins, at) - begins.begin() - 1;
      hash = hash_of_part(path(holder), at - begins[static_cast<size_t>(holder)], fingerprint_part_bytes);
    }
  });
  Xxh64 hash;
  hash.append(sizes.data(), sizes.size() * sizeof(uint64_t));
  hash.append(hashes.data(), hashes.size() * sizeof(uint64_t));
  return hash.value();
}

}  // namespace dl
