// A cell of a CSV file (RFC 4180).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace dl {

// Quoted where it must be. A CSV file is UTF-8: bytes that are not are written as \xFF.
std::string csv_cell(const std::string& text);

// The shortest decimal that reads back as the same value; nan, inf and -inf, as numpy and pandas read them.
std::string csv_number(double value);

}  // namespace dl
