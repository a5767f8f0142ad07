// Where the text of a cell lies.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>

namespace dl {

struct CsvPlace {
  const char* text;
  size_t size;
};

}  // namespace dl
