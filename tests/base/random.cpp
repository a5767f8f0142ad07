// Random numbers by position.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/random.h"

#include <doctest/doctest.h>

using namespace dl;

TEST_CASE("Philox gives the known answers of its authors") {
  CHECK(philox(0, 0, 0) == std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}) ==
        std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
}

TEST_CASE("64 random numbers drawn together are those drawn one by one") {
  const uint64_t key = random_key(7, random_stream("init/1.weight")), step = 0x1234567890;
  for (const uint64_t group : {uint64_t{0}, uint64_t{3}, uint64_t{1} << 40}) {
    uint32_t bits[64];
    random_bits_64(key, step, group, bits);
    for (uint64_t i = 0; i < 64; ++i) CHECK(bits[i] == random_bits(key, step, group * 64 + i));
  }
}
