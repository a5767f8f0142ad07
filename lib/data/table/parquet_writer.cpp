// A group of rows is kept until it is large enough, then written column by column, one page each.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/parquet_writer.h"

#include <cstring>
#include <limits>
#include <optional>

#include "lib/base/error.h"
#include "lib/data/file/block_codec.h"
#include "lib/data/table/thrift_writer.h"

namespace dl {
namespace {

constexpr int64_t rows_of_group = 1 << 16;
constexpr uint64_t bytes_of_group = 16 << 20;

// parquet.thrift's numbers.
constexpr int64_t required = 0, repeated = 2, utf8 = 0, list_converted = 3, plain = 0, rle = 3, data_page = 0;
constexpr int64_t uncompressed = 0, snappy = 1;

int64_t physical(ParquetWriter::Kind kind) {
  switch (kind) {
    case ParquetWriter::Kind::integer: return 2;
    case ParquetWriter::Kind::real: return 4;
    case ParquetWriter::Kind::number: return 5;
    default: return 6;
  }
}

void put_bytes(std::string& into, const void* data, size_t bytes) {
  into.append(static_cast<const char*>(data), bytes);
}

// A run of levels of one bit, as "RLE" has it.
void put_run(std::string& into, uint64_t count, char level) {
  if (count == 0) return;
  uint64_t head = count << 1;
  for (; head >= 128; head >>= 7) into += static_cast<char>(head | 128);
  into += static_cast<char>(head);
  into += level;
}

void put_levels(std::string& into, const std::string& runs) {
  const auto size = static_cast<uint32_t>(runs.size());
  put_bytes(into, &size, sizeof size);
  into += runs;
}

void write_schema(ThriftWriter& w, const std::vector<ParquetWriter::Column>& columns) {
  size_t elements = 1;
  for (const auto& column : columns) elements += column.list ? 3 : 1;
  w.begin_structures(2, elements);
  w.begin();
  w.text(4, "schema");
  w.i32(5, std::ssize(columns));
  w.end();
  for (const auto& column : columns) {
    if (column.list) {
      w.begin();
      w.i32(3, required);
      w.text(4, column.name);
      w.i32(5, 1);
      w.i32(6, list_converted);
      w.end();
      w.begin();
      w.i32(3, repeated);
      w.text(4, "list");
      w.i32(5, 1);
      w.end();
    }
    w.begin();
    w.i32(1, physical(column.kind));
    w.i32(3, required);
    w.text(4, column.list ? "element" : column.name);
    if (column.kind == ParquetWriter::Kind::text) w.i32(6, utf8);
    w.end();
  }
}

}  // namespace

ParquetWriter::ParquetWriter(std::vector<Column> columns, Append append)
    : columns_(std::move(columns)), append_(std::move(append)), kept_(columns_.size()) {
  emit("PAR1");
}

void ParquetWriter::emit(std::string_view bytes) {
  append_(bytes);
  at_ += std::ssize(bytes);
}

void ParquetWriter::put(std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  put_bytes(kept_[column_].values, &size, sizeof size);
  kept_[column_].values += text;
}
void ParquetWriter::put(int64_t integer) { put_bytes(kept_[column_].values, &integer, sizeof integer); }
void ParquetWriter::put(float real) { put_bytes(kept_[column_].values, &real, sizeof real); }
void ParquetWriter::put(double number) { put_bytes(kept_[column_].values, &number, sizeof number); }

void ParquetWriter::begin_list(size_t values) {
  Kept& kept = kept_[column_];
  put_run(kept.repeats, 1, 0);
  put_run(kept.repeats, values == 0 ? 0 : values - 1, 1);
  put_run(kept.levels, values == 0 ? 1 : values, values == 0 ? 0 : 1);
  kept.count += values == 0 ? 1 : static_cast<int64_t>(values);
}

void ParquetWriter::add(std::string_view text) {
  put(text);
  next();
}
void ParquetWriter::add(int64_t integer) {
  put(integer);
  next();
}
void ParquetWriter::add(float real) {
  put(real);
  next();
}
void ParquetWriter::add(double number) {
  put(number);
  next();
}

// The cell of the column is complete.
void ParquetWriter::next() {
  if (!columns_[column_].list) ++kept_[column_].count;
  if (++column_ < columns_.size()) return;
  column_ = 0;
  ++rows_;
  kept_bytes_ = 0;
  for (const Kept& kept : kept_) kept_bytes_ += kept.values.size() + kept.repeats.size() + kept.levels.size();
  if (rows_ == rows_of_group || kept_bytes_ >= bytes_of_group) write_group();
}

void ParquetWriter::write_group() {
  Group& group = groups_.emplace_back();
  group.rows = rows_;
  for (size_t c = 0; c < columns_.size(); ++c) {
    group.chunks.push_back(write_chunk(columns_[c], kept_[c]));
    kept_[c] = {};
  }
  all_rows_ += rows_;
  rows_ = 0;
}

ParquetWriter::Chunk ParquetWriter::write_chunk(const Column& column, const Kept& kept) {
  std::string page;
  if (column.list) {
    put_levels(page, kept.repeats);
    put_levels(page, kept.levels);
  }
  page += kept.values;
  if (page.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    throw Error(Exit::failed, Problem{.path = column.name,
                                      .what = concat("a row takes ", page.size(), " bytes, Parquet's pages hold 2 GiB"),
                                      .help = "write another format"});
  const BlockCodec* codec = block_codec("snappy");
  const std::optional<std::string> block = codec ? codec->encode(page) : std::nullopt;
  const std::string& written = block ? *block : page;
  ThriftWriter head;
  head.i32(1, data_page);
  head.i32(2, std::ssize(page));
  head.i32(3, std::ssize(written));
  head.begin(5);
  head.i32(1, kept.count);
  head.i32(2, plain);
  head.i32(3, rle);
  head.i32(4, rle);
  head.end();
  head.finish();
  const Chunk chunk{.offset = at_,
                    .bytes = std::ssize(head.bytes()) + std::ssize(written),
                    .raw_bytes = std::ssize(head.bytes()) + std::ssize(page),
                    .values = kept.count};
  emit(head.bytes());
  emit(written);
  return chunk;
}

void ParquetWriter::finish() {
  DL_CHECK(column_ == 0, "a row ends after ", column_, " of ", columns_.size(), " cells");
  if (rows_ > 0) write_group();
  const BlockCodec* codec = block_codec("snappy");
  const int64_t codec_number = codec && codec->encode("") ? snappy : uncompressed;
  ThriftWriter w;
  w.i32(1, 1);
  write_schema(w, columns_);
  w.i64(3, all_rows_);
  w.begin_structures(4, groups_.size());
  for (const Group& group : groups_) {
    int64_t bytes = 0;
    w.begin();
    w.begin_structures(1, columns_.size());
    for (size_t c = 0; c < columns_.size(); ++c) {
      const Chunk& chunk = group.chunks[c];
      bytes += chunk.raw_bytes;
      std::vector<std::string> path{columns_[c].name};
      if (columns_[c].list) path.insert(path.end(), {"list", "element"});
      w.begin();
      w.i64(2, chunk.offset);
      w.begin(3);
      w.i32(1, physical(columns_[c].kind));
      w.i32s(2, {plain, rle});
      w.texts(3, path);
      w.i32(4, codec_number);
      w.i64(5, chunk.values);
      w.i64(6, chunk.raw_bytes);
      w.i64(7, chunk.bytes);
      w.i64(9, chunk.offset);
      w.end();
      w.end();
    }
    w.i64(2, bytes);
    w.i64(3, group.rows);
    w.end();
  }
  w.text(6, "dlcli");
  w.finish();
  emit(w.bytes());
  const auto size = static_cast<uint32_t>(w.bytes().size());
  emit({reinterpret_cast<const char*>(&size), sizeof size});
  emit("PAR1");
}

}  // namespace dl
