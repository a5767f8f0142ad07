// What the footer of a Parquet file says (github.com/apache/parquet-format, parquet.thrift), as far as flat tables need
// it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/data/table/thrift.h"

namespace dl {

enum class ParquetType : uint8_t { boolean, int32, int64, int96, real, twice, bytes, fixed };

// How a column's values are meant.
enum class ParquetMeaning : uint8_t { itself, text, whole_unsigned, decimal, date, time, stamp, half, uuid };

struct ParquetColumn {
  std::string name;  // of one that is not flat, its path: "tags.list.element"
  bool flat = true;
  bool optional = false;  // cells may be missing
  ParquetType type = ParquetType::int32;
  int64_t width = 0;  // bytes of a value of `fixed`
  ParquetMeaning meaning = ParquetMeaning::itself;
  int64_t scale = 0;             // digits behind a decimal's point
  int64_t units_per_second = 1;  // of a time or stamp
};

// The values of a column in a group of rows: pages one after another.
struct ParquetChunk {
  int64_t offset = 0, bytes = 0;  // in the file
  int64_t values = 0;             // missing ones too
  int64_t codec = 0;
  bool elsewhere = false;  // in another file
};

struct ParquetFooter {
  std::vector<ParquetColumn> columns;  // the leaves of the schema, in order
  std::vector<std::vector<ParquetChunk>> groups;
  int64_t rows = 0;
};

struct ParquetPage {
  enum Kind { data = 0, index = 1, dictionary = 2, data_v2 = 3 };
  int64_t kind = data, bytes = 0, compressed = 0;
  int64_t values = 0, encoding = 0;
  int64_t levels = 0, repeats = 0;  // data_v2: bytes of the levels before the values, which are not compressed
  bool is_compressed = true;
};

// Both throw ThriftError.
ParquetFooter read_parquet_footer(std::string_view bytes);
ParquetPage read_parquet_page(ThriftReader& from);

std::string parquet_codec_name(int64_t codec);  // "snappy"

}  // namespace dl
