// The encodings of values in Parquet's pages (github.com/apache/parquet-format, Encodings.md).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "lib/data/table/parquet_meta.h"

namespace dl {

// Bytes that no encoder wrote, or that are no cells.
struct ParquetError : std::runtime_error {
  explicit ParquetError(const std::string& what, std::string help_ = "get the file again")
      : std::runtime_error(what), help(std::move(help_)) {}
  std::string help;
};

enum class ParquetEncoding : uint8_t {
  plain = 0,
  plain_dictionary = 2,
  rle = 3,
  delta_binary_packed = 5,
  delta_length_byte_array = 6,
  delta_byte_array = 7,
  rle_dictionary = 8,
  byte_stream_split = 9,
};

// Values as their bytes, lowest first; of a boolean one byte, 0 or 1.
struct ParquetValues {
  std::vector<std::string_view> values;
  std::deque<std::string> own;  // what was not in the page as it is
};

// `count` numbers of `bits` bits each, as runs and packed in groups of eight ("RLE/bit-packing hybrid").
std::vector<uint32_t> read_hybrid(std::string_view bytes, int bits, int64_t count);

// `count` values of a page that are no indices of a dictionary. They refer to `bytes`. Throws ParquetError, as
// read_hybrid() does.
ParquetValues read_values(std::string_view bytes, int64_t encoding, const ParquetColumn& column, int64_t count);

}  // namespace dl
