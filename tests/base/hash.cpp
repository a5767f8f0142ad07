// XXH64 against the values of its reference implementation's self-test and of the xxhsum program.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/hash.h"

#include <doctest/doctest.h>

#include <string>

namespace {

// The buffer that the reference implementation tests itself with.
std::string sanity_buffer(size_t bytes) {
  uint64_t generator = 2654435761u;
  std::string buffer;
  for (size_t i = 0; i < bytes; ++i, generator *= 11400714785074694797ull) buffer += char(generator >> 56);
  return buffer;
}

}  // namespace

TEST_CASE("XXH64 gives the reference implementation's self-test values") {
  struct Vector {
    size_t bytes;
    uint64_t seed, hash;
  };
  const uint64_t seed = 2654435761u;
  for (const auto& [bytes, with, hash] :
       {Vector{0, 0, 0xEF46DB3751D8E999}, Vector{0, seed, 0xAC75FDA2929B17EF}, Vector{1, 0, 0xE934A84ADB052768},
        Vector{1, seed, 0x5014607643A9B4C3}, Vector{4, 0, 0x9136A0DCA57457EE}, Vector{14, 0, 0x8282DCC4994E35C8},
        Vector{14, seed, 0xC3BD6BF63DEB6DF0}, Vector{222, 0, 0xB641AE8CB691C174},
        Vector{222, seed, 0x20CB8AB7AE10C14A}}) {
    CAPTURE(bytes);
    CHECK(dl::xxh64(sanity_buffer(bytes), with) == hash);
  }
}

TEST_CASE("XXH64 of text is what xxhsum prints") {
  struct Line {
    const char *text, *hash;
  };
  for (const auto& [text, hash] : {Line{"", "ef46db3751d8e999"}, Line{"a", "d24ec4f1a98c6e5b"},
                                   Line{"abc", "44bc2cf5ad770999"}, Line{"message digest", "066ed728fceeb3be"},
                                   Line{"Nobody inspects the spammish repetition", "fbcea83c8a378bf1"}}) {
    CAPTURE(text);
    CHECK(dl::hash_text(dl::xxh64(text)) == hash);
  }
}

TEST_CASE("how the bytes are cut into pieces does not change their hash") {
  const std::string bytes = sanity_buffer(222);
  for (size_t first = 0; first <= 70; ++first) {
    dl::Xxh64 hash;
    hash.append(bytes.data(), first);
    for (size_t i = first; i < bytes.size(); i += first + 1) hash.append(bytes.substr(i, first + 1));
    CAPTURE(first);
    CHECK(hash.value() == dl::xxh64(bytes));
  }
}

TEST_CASE("a hash can be read in between and goes on") {
  dl::Xxh64 hash;
  hash.append("a");
  CHECK(hash.value() == dl::xxh64("a"));
  hash.append("bc");
  CHECK(hash.value() == dl::xxh64("abc"));
}
