// lib/base/printable.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/printable.h"

#include <doctest/doctest.h>

using namespace dl;

TEST_CASE("what steers a terminal, and what is no UTF-8, is shown escaped; all else as it is") {
  CHECK(printable("größe 数 🙂 \\n") == "größe 数 🙂 \\n");
  CHECK(printable("a\x1b[31mb\x07\x7f") == "a\\x1b[31mb\\x07\\x7f");
  CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(printable_lines("a\nb\tc\rd") == "a\nb\tc\\rd");
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
  CHECK(printable("\xff\xc3(\xe2\x82") == "\\xff\\xc3(\\xe2\\x82");
  CHECK(printable("\xc2\x9b") == "\\x9b");  // the terminal's CSI as one character
  CHECK(printable("a\xe2\x80\xae"
                  "b\xe2\x81\xa7") == "a\\u202eb\\u2067");  // from right to left
  CHECK(printable("\xe2\x80\xa8") == "\\u2028");
}
