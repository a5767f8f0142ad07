// Writing tables as Parquet (github.com/apache/parquet-format): values one after another, in snappy's blocks where that
// is built, and no cell is missing.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

class ParquetWriter {
 public:
  using Append = std::function<void(std::string_view bytes)>;
  enum class Kind { text, integer, real, number };  // UTF-8, i64, f32, f64
  struct Column {
    std::string name;
    Kind kind = Kind::text;
    bool list = false;  // a cell is a list of them
  };

  ParquetWriter(std::vector<Column> columns, Append append);

  // The next cell of the row, from the first column on; that it is of the column's kind is the caller's to see to.
  void add(std::string_view text);
  void add(int64_t integer);
  void add(float real);
  void add(double number);
  template <class T>
  void add_list(std::span<const T> values) {
    begin_list(values.size());
    for (const T& value : values) put(value);
    next();
  }
  void finish();  // the footer; nothing follows it

 private:
  struct Kept {
    std::string values, repeats, levels;  // PLAIN values, and runs of what says where lists begin and are empty
    int64_t count = 0;
  };
  struct Chunk {
    int64_t offset = 0, bytes = 0, raw_bytes = 0, values = 0;
  };
  struct Group {
    std::vector<Chunk> chunks;
    int64_t rows = 0;
  };

  void put(std::string_view text);
  void put(int64_t integer);
  void put(float real);
  void put(double number);
  void begin_list(size_t values);
  void next();
  void write_group();
  Chunk write_chunk(const Column& column, const Kept& kept);
  void emit(std::string_view bytes);

  const std::vector<Column> columns_;
  const Append append_;
  std::vector<Kept> kept_;
  std::vector<Group> groups_;
  size_t column_ = 0;
  int64_t rows_ = 0, all_rows_ = 0, at_ = 0;
  uint64_t kept_bytes_ = 0;
};

}  // namespace dl
