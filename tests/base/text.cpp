// lib/base/text: suggestions, lists, numbers, sizes, times.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "lib/base/csv_cell.h"

using namespace dl;

TEST_CASE("the edit distance counts insertions, deletions, replacements and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kernal", "kernel") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("reul", "relu") == 1);
}

TEST_CASE("the closest word is one that could be meant, or none") {
  const std::vector<std::string> words{"conv2d", "linear", "max_pool2d", "relu"};
  CHECK(closest("Conv2D", words) == "conv2d");
  CHECK(closest("maxpool2d", words) == "max_pool2d");
  CHECK(closest("liner", words) == "linear");
  CHECK(closest("reul", words) == "relu");
  CHECK(closest("attention", words) == "");
  CHECK(closest("x", words) == "");
  CHECK(closest(std::string(1'000'000, 'a'), words) == "");
}

TEST_CASE("lists and counts read as sentences do") {
  CHECK(join(std::vector<std::string>{}) == "");
  CHECK(join(std::vector<std::string>{"a", "b"}) == "a, b");
  CHECK(join(std::vector<std::string>{"a", "b"}, " -> ") == "a -> b");
  CHECK(count_of(1, "layer") == "1 layer");
  CHECK(count_of(3, "layer") == "3 layers");
  CHECK(count_of(2, "loss") == "2 losses");
  CHECK(count_of(2, "entry") == "2 entries");
  CHECK(count_of(2, "key") == "2 keys");
}

TEST_CASE("a number is written with the fewest digits that read back as the same number") {
  CHECK(number_text(128) == "128");
  CHECK(number_text(0.001) == "0.001");
  CHECK(number_text(1e-8) == "1e-08");
  CHECK(number_text(0.1) == "0.1");
  CHECK(number_text(std::numeric_limits<double>::infinity()) == ".inf");
  CHECK(number_text(-std::numeric_limits<double>::infinity()) == "-.inf");
  CHECK(number_text(std::numeric_limits<double>::quiet_NaN()) == ".nan");
  CHECK(std::stod(number_text(1.0 / 3)) == 1.0 / 3);
}

TEST_CASE("a number that was kept as f32 is written as it was before") {
  CHECK(as_written(0.0010000000474974513) == 0.001);
  CHECK(as_written(-0.30000001192092896) == -0.3);
  CHECK(as_written(9.999999747378752e-06) == 1e-5);
  for (const double same : {0.001, 0.5, 0.0, -2.0, 1.0 / 3, 16777216.0, 123456792.0, 1e300, -3.4028234663852886e+38,
                            std::numeric_limits<double>::infinity()})
    CHECK(as_written(same) == same);
  CHECK(std::isnan(as_written(std::numeric_limits<double>::quiet_NaN())));
  const float third = 1.0f / 3;
  CHECK(static_cast<float>(as_written(double{third})) == third);
}

TEST_CASE("sizes and times have three digits and a unit") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(512) == "512 B");
  CHECK(bytes_text(1536) == "1.5 KiB");
  CHECK(bytes_text(1 << 20) == "1 MiB");
  CHECK(bytes_text(23.4 * (1 << 20)) == "23.4 MiB");
  CHECK(bytes_text(0x1p60) == "1048576 TiB");
  CHECK(seconds_text(0) == "0 s");
  CHECK(seconds_text(0.00034) == "340 us");
  CHECK(seconds_text(0.0125) == "12.5 ms");
  CHECK(seconds_text(8.2) == "8.2 s");
  CHECK(seconds_text(59.96) == "60 s");
  CHECK(seconds_text(200) == "3 min 20 s");
  CHECK(seconds_text(7500) == "2 h 5 min");
  CHECK(seconds_text(3 * 86400 + 7200) == "3 d 2 h");
}

TEST_CASE("the first byte that is not UTF-8 is found") {
  CHECK(valid_utf8("größe 数 🙂"));
  CHECK(invalid_utf8_at("ab\xFF") == 2);
  CHECK(invalid_utf8_at("\xC0\x80") == 0);      // over-long
  CHECK(invalid_utf8_at("\xED\xA0\x80") == 0);  // a surrogate
  CHECK(invalid_utf8_at("a\xE2\x82") == 1);     // cut off
  CHECK(invalid_utf8_at("\xF4\x90\x80\x80") == 0);
}

TEST_CASE("numbers in names come by their value, all else by its bytes") {
  const std::vector<std::string> in_order{"",     "1a",      "02",         "2",          "10",          "a",
                                          "part", "part-01", "part-1.csv", "part-2.csv", "part-10.csv", "part-10a",
                                          "x9y2", "x9y10"};
  for (size_t i = 0; i < in_order.size(); ++i)
    for (size_t j = 0; j < in_order.size(); ++j) {
      CAPTURE(in_order[i]);
      CAPTURE(in_order[j]);
      CHECK(numbered_before(in_order[i], in_order[j]) == (i < j));
    }
  CHECK(numbered_before("n18446744073709551617", "n18446744073709551618"));
  CHECK(numbered_before("z", "\xC3\xA9"));
}

TEST_CASE("a long text is shortened between characters") {
  CHECK(shortened("abc", 3) == "abc");
  CHECK(shortened("abcd", 3) == "abc…");
  CHECK(shortened("aéé", 4) == "aé…");
  CHECK(shortened("a\nb") == "a b");
}

TEST_CASE("numbers of CSV files are what numpy and pandas read, also where they are none") {
  CHECK(csv_number(0.1) == "0.1");
  CHECK(csv_number(-3) == "-3");
  CHECK(csv_number(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(csv_number(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(csv_number(-std::numeric_limits<double>::infinity()) == "-inf");
}
