// XXH64 as its specification words it: stripes of four lanes, convergence, the rest, the avalanche.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/hash.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace dl {
namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87ull;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4Full;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9ull;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63ull;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5ull;

static_assert(std::endian::native == std::endian::little, "words are read from memory as they lie");

template <class Word>
Word read(const unsigned char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

uint64_t round(uint64_t lane, uint64_t input) { return std::rotl(lane + input * kPrime2, 31) * kPrime1; }

uint64_t merge(uint64_t hash, uint64_t lane) { return (hash ^ round(0, lane)) * kPrime1 + kPrime4; }

// Takes all whole stripes of 32 bytes; returns where they end.
const unsigned char* take_stripes(std::array<uint64_t, 4>& lanes, const unsigned char* from, size_t bytes) {
  auto [a, b, c, d] = lanes;
  for (; bytes >= 32; bytes -= 32, from += 32) {
    a = round(a, read<uint64_t>(from));
    b = round(b, read<uint64_t>(from + 8));
    c = round(c, read<uint64_t>(from + 16));
    d = round(d, read<uint64_t>(from + 24));
  }
  lanes = {a, b, c, d};
  return from;
}

}  // namespace

Xxh64::Xxh64(uint64_t seed) : seed_(seed), lanes_{seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1} {}

void Xxh64::append(const void* data, size_t bytes) {
  if (bytes == 0) return;
  const auto* from = static_cast<const unsigned char*>(data);
  const auto* const end = from + bytes;
  total_bytes_ += bytes;
  if (rest_bytes_ > 0) {
    const size_t taken = std::min(bytes, rest_.size() - rest_bytes_);
    std::memcpy(rest_.data() + rest_bytes_, from, taken);
    rest_bytes_ += taken;
    from += taken;
    if (rest_bytes_ < rest_.size()) return;
    take_stripes(lanes_, rest_.data(), rest_.size());
  }
  from = take_stripes(lanes_, from, size_t(end - from));
  rest_bytes_ = size_t(end - from);
  std::memcpy(rest_.data(), from, rest_bytes_);
}

uint64_t Xxh64::value() const {
  const auto [a, b, c, d] = lanes_;
  uint64_t hash = seed_ + kPrime5;
  if (total_bytes_ >= rest_.size()) {
    hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
    for (uint64_t lane : {a, b, c, d}) hash = merge(hash, lane);
  }
  hash += total_bytes_;
  const unsigned char* from = rest_.data();
  const unsigned char* const end = from + rest_bytes_;
  for (; end - from >= 8; from += 8) hash = std::rotl(hash ^ round(0, read<uint64_t>(from)), 27) * kPrime1 + kPrime4;
  for (; end - from >= 4; from += 4) hash = std::rotl(hash ^ read<uint32_t>(from) * kPrime1, 23) * kPrime2 + kPrime3;
  for (; end - from >= 1; from += 1) hash = std::rotl(hash ^ *from * kPrime5, 11) * kPrime1;
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

uint64_t xxh64(std::string_view bytes, uint64_t seed) {
  Xxh64 hash(seed);
  hash.append(bytes);
  return hash.value();
}

std::string hash_text(uint64_t hash) {
  std::string text(16, '0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = "0123456789abcdef"[(hash >> (60 - 4 * i)) & 15];
  return text;
}

}  // namespace dl
