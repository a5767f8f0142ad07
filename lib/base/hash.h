// XXH64 (Collet, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): a fast 64-bit checksum of bytes,
// the same numbers as `xxhsum -H1`. It finds accidents; it does not resist an attacker.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dl {

// The hash of bytes that arrive in pieces: how they are cut does not matter.
class Xxh64 {
 public:
  explicit Xxh64(uint64_t seed = 0);
  void append(const void* data, size_t bytes);
  void append(std::string_view text) { append(text.data(), text.size()); }
  uint64_t value() const;  // of all bytes so far; more may follow

 private:
  uint64_t seed_;
  std::array<uint64_t, 4> lanes_;
  std::array<unsigned char, 32> rest_{};  // bytes that do not fill a stripe yet
  size_t rest_bytes_ = 0;
  uint64_t total_bytes_ = 0;
};

uint64_t xxh64(std::string_view bytes, uint64_t seed = 0);

// 16 lower-case hexadecimal digits, most significant first, as xxhsum prints.
std::string hash_text(uint64_t hash);

}  // namespace dl
