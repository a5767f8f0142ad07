// Short numbers: those that the standard library reads, and no others.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/short_number.h"

#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <random>
#include <string>

using namespace dl;

namespace {

// Digits with a point and a minus, often; else anything.
std::string written(std::mt19937& random) {
  const std::string letters = "0123456789012345678901234567890.-e+ ,ax\xC3";
  const bool plain = random() % 4 > 0;
  std::string text;
  for (uint32_t n = random() % 18; n > 0; --n)
    text += plain ? static_cast<char>('0' + random() % 10) : letters[random() % letters.size()];
  if (plain && !text.empty() && random() % 2) text[random() % text.size()] = '.';
  if (plain && !text.empty() && random() % 3 == 0) text[0] = '-';
  return text;
}

}  // namespace

TEST_CASE("a short number is what the standard library reads, to the bit, whichever way it is read") {
  std::mt19937 random(3);
  int64_t numbers = 0;
  for (int i = 0; i < 300'000; ++i) {
    const std::string text = written(random);
    const std::string readable = text + std::string(short_number_bytes, i % 2 ? '.' : '7');
    ShortNumber found, other, third;
    const bool is_number = short_number(readable.data(), text.size(), found);
    REQUIRE_MESSAGE(short_number_reader()(readable.data(), text.size(), other) == is_number, text);
    REQUIRE_MESSAGE(short_number(std::string_view(text), third) == is_number, text);
    double expected = 0;
    const char* const end = text.data() + text.size();
    const auto [read_to, error] = std::from_chars(text.data(), end, expected);
    const bool is_expected = read_to == end && error == std::errc() && text.find('e') == std::string::npos;
    if (is_number) {
      ++numbers;
      REQUIRE_MESSAGE(is_expected, text);
      for (const ShortNumber& number : {found, other, third}) {
        REQUIRE_MESSAGE(number.value() == expected, text);
        REQUIRE_MESSAGE(std::signbit(number.value()) == std::signbit(expected), text);
      }
    } else if (text.size() <= 15) {
      REQUIRE_MESSAGE(!is_expected, text);
    }
  }
  CHECK(numbers > 100'000);
}
