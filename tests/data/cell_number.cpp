// Numbers as tables write them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/cell_number.h"

#include <doctest/doctest.h>

#include <charconv>
#include <limits>
#include <random>
#include <string>

using namespace dl;

TEST_CASE("a cell is a number only where all of it is") {
  CHECK(cell_number("12") == 12);
  CHECK(cell_number("-0.25") == -0.25);
  CHECK(cell_number("+3") == 3);
  CHECK(cell_number(".5") == 0.5);
  CHECK(cell_number("5.") == 5);
  CHECK(cell_number("1e-3") == 1e-3);
  for (const char* text :
       {"", "-", "+", "+-1", "--1", ".", "1.2.3", "1 ", " 1", "1,5", "0x10", "nan", "NaN", "12a", "1e"})
    CHECK_MESSAGE(!cell_number(text), text);
}

TEST_CASE("what is beyond a double's range is infinite or 0, and Infinity is read") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(cell_number("1e400") == infinity);
  CHECK(cell_number("-1e400") == -infinity);
  CHECK(cell_number("inf") == infinity);
  CHECK(cell_number("-Infinity") == -infinity);
  CHECK(cell_number("1e-400") == 0);
  CHECK(cell_number("0.0000001e-330") == 0);
  CHECK(cell_number("1" + std::string(400, '0')) == infinity);
  CHECK(cell_number("1e99999999999999999999") == infinity);
  CHECK(cell_number("1e-99999999999999999999") == 0);
  CHECK(cell_number("4.9e-324") == 4.9e-324);
}

TEST_CASE("thousands, decimal commas and percent signs are read by their form") {
  CHECK(cell_number("1,234,567.5", {.thousands = ','}) == 1234567.5);
  CHECK(cell_number("-12,345", {.thousands = ','}) == -12345);
  CHECK(cell_number("999", {.thousands = ','}) == 999);
  for (const char* text : {"1234,567", "1,23", "1,2345", ",123", "1,,234", "1,234,", "1.5,000"})
    CHECK_MESSAGE(!cell_number(text, {.thousands = ','}), text);
  CHECK(cell_number("12,50", {.decimal = ','}) == 12.5);
  CHECK(cell_number("-,5", {.decimal = ','}) == -0.5);
  CHECK(!cell_number("12.50", {.decimal = ','}));
  CHECK(cell_number("1.234.567,5", {.decimal = ',', .thousands = '.'}) == 1234567.5);
  CHECK(cell_number("1 234,5", {.decimal = ',', .thousands = ' '}) == 1234.5);
  CHECK(cell_number("45.6%", {.percent = true}) == 45.6);
  CHECK(cell_number("45,6 %", {.decimal = ',', .percent = true}) == 45.6);
  CHECK(!cell_number("45.6", {.percent = true}));
  CHECK(!cell_number("%", {.percent = true}));
}

TEST_CASE("blanks that do not break and the sign of a minus are as those of a typewriter") {
  CHECK(cell_number("1\u00A0234,5", {.decimal = ',', .thousands = ' '}) == 1234.5);
  CHECK(cell_number("-1\u202F234\u202F567", {.thousands = ' '}) == -1234567);
  CHECK(cell_number("45,6\u00A0%", {.decimal = ',', .percent = true}) == 45.6);
  CHECK(cell_number("\u22125.5") == -5.5);
  CHECK(cell_number("1e\u22123") == 1e-3);
  CHECK(cell_number("7\u00A0") == 7);
  CHECK(cell_number("\uFEFF7") == 7);
  CHECK(cell_number("\u200B-7") == -7);
  for (const char* text : {"1\u00A0234", "\u00A0", "\u2212", "5\u20AC", "\u22125\u00B2"})
    CHECK_MESSAGE(!cell_number(text), text);
}

TEST_CASE("every decimal becomes the nearest double") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string text = random() % 2 ? "-" : "";
    for (uint64_t n = random() % 12; n > 0; --n) text += static_cast<char>('0' + random() % 10);
    if (random() % 4) text += '.';
    for (uint64_t n = random() % 12; n > 0; --n) text += static_cast<char>('0' + random() % 10);
    if (random() % 3 == 0) text += "e" + std::to_string(static_cast<int>(random() % 40) - 20);
    double expected = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), expected);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    CHECK_MESSAGE(cell_number(text) == (whole ? std::optional<double>(expected) : std::nullopt), text);
  }
}
