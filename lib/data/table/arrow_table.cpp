// Reading Arrow's messages.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/arrow_table.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/file/block_codec.h"
#include "lib/data/table/arrow_columns.h"
#include "lib/data/table/flat_buffer.h"
#include "lib/data/table/held_columns.h"
#include "lib/data/table/parquet_cells.h"
#include "lib/data/table/parquet_values.h"

namespace dl {
namespace {

constexpr std::string_view arrow_magic = "ARROW1";
constexpr size_t arrow_head_bytes = 8;  // that, padded
constexpr uint64_t most_arrow_bytes = uint64_t{1} << 35, most_metadata_bytes = uint64_t{1} << 28;
constexpr int64_t most_buffer_bytes = int64_t{1} << 33, most_arrow_cells = int64_t{1} << 30;

struct ArrowNumbers {
  template <class T>
  static T at(std::string_view bytes, uint64_t i) {
    if (i >= bytes.size() / sizeof(T)) throw ParquetError("its values end too early");
    T n;
    std::memcpy(&n, bytes.data() + i * sizeof(T), sizeof n);
    return n;
  }
};

class ArrowFile {
 public:
  ArrowFile(const std::filesystem::path& path, const std::function<bool(const std::string&)>& reads)
      : path_(path), bytes_(read_file(path, most_arrow_bytes)), reads_(reads) {}

  std::shared_ptr<const TableText> table() {
    std::string_view left = bytes_;
    if (left.starts_with("FEA1"))
      fail("expected the second version of Feather, found the first",
           "save it by pandas' to_feather, without 'version'");
    if (left.starts_with(arrow_magic)) left.remove_prefix(std::min(arrow_head_bytes, left.size()));
    try {
      while (message(left)) {
      }
    } catch (const FlatBufferError& error) {
      fail(concat("a message is broken: ", error.what()), "get the file again");
    }
    if (columns_.empty()) fail("expected a file of Arrow's format, which begins with a schema");
    if (rows_ == 0) fail("it has no rows");
    std::vector<std::string> names;
    for (const ArrowColumn& column : columns_) names.push_back(column.name);
    return std::make_shared<HeldColumns>(path_, std::move(names), std::move(cells_), rows_, dl::xxh64(bytes_));
  }

 private:
  [[noreturn]] void fail(std::string what, std::string help = {}) const {
    throw Error(Exit::data,
                Problem{.where = {.file = path_.string()}, .what = std::move(what), .help = std::move(help)});
  }

  // Reads one; false at the end of the stream.
  bool message(std::string_view& left) {
    constexpr uint32_t continuation = 0xFFFFFFFF;
    if (left.empty()) return false;
    uint32_t size = take_size(left);
    if (size == continuation) size = take_size(left);
    if (size == 0) return false;
    if (columns_.empty() && size > left.size()) fail("expected a file of Arrow's format, which begins with a schema");
    if (size > left.size() || size > most_metadata_bytes) throw FlatBufferError("it ends too early");
    const FlatTable found = FlatTable::root(left.substr(0, size));
    left.remove_prefix(size);
    const auto body_bytes = found.scalar<int64_t>(3, 0);
    if (body_bytes < 0 || static_cast<uint64_t>(body_bytes) > left.size()) throw FlatBufferError("it ends too early");
    const std::string_view body = left.substr(0, static_cast<size_t>(body_bytes));
    left.remove_prefix(body.size());
    switch (found.scalar<uint8_t>(1, 0)) {
      case 1: schema(found.table(2)); break;
      case 2: dictionary(found.table(2), body); break;
      case 3: batch(found.table(2), body); break;
      default: break;
    }
    return true;
  }

  static uint32_t take_size(std::string_view& left) {
    uint32_t size;
    if (left.size() < sizeof size) throw FlatBufferError("it ends too early");
    std::memcpy(&size, left.data(), sizeof size);
    left.remove_prefix(sizeof size);
    return size;
  }

  void schema(const FlatTable& found) {
    if (!columns_.empty()) throw FlatBufferError("it has two schemas");
    if (found.scalar<int16_t>(0, 0) != 0) fail("its numbers have the highest byte first", "save it on another machine");
    int64_t described = 0;
    for (uint64_t i = 0; i < found.count(1); ++i) {
      columns_.push_back(describe_column(found.item(1, i), 0, described));
      const std::string& name = columns_.back().name;
      if (std::ranges::count(columns_, name, &ArrowColumn::name) > 1)
        fail(concat("two columns are named '", name, "'"));
      const ArrowColumn& values = columns_.back().is_index ? columns_.back().children[0] : columns_.back();
      if (reads_(name) && values.layout == ArrowLayout::nested)
        fail(concat("column '", name, "': its cells are ", values.type, ", which are no cells of a table"),
             leave_out_help(name));
    }
    cells_.resize(columns_.size());
  }

  // The parts of a batch, in the order of its columns.
  struct Parts {
    FlatTable batch;
    std::string_view body;
    uint64_t node = 0, buffer = 0, views = 0;
    int64_t nulls = 0;
  };

  int64_t next_node(Parts& parts) const {
    if (parts.node >= parts.batch.count(1)) throw FlatBufferError("a batch has too few columns");
    const int64_t length = parts.batch.number_in(1, parts.node, 16, 0);
    parts.nulls = parts.batch.number_in(1, parts.node++, 16, 8);
    if (length < 0 || length > most_arrow_cells) throw FlatBufferError(concat("a column has ", length, " cells"));
    return length;
  }

  // How many buffers of texts a column of views has.
  static uint64_t next_view_buffers(Parts& parts) {
    if (parts.views >= parts.batch.count(4)) throw FlatBufferError("a batch has too few columns of views");
    const int64_t count = parts.batch.number_in(4, parts.views++, 8, 0);
    if (count < 0 || static_cast<uint64_t>(count) > parts.batch.count(2))
      throw FlatBufferError(concat("a column of views has ", count, " buffers"));
    return static_cast<uint64_t>(count);
  }

  // Decompressed into `memory`, where it is compressed.
  std::string_view next_buffer(Parts& parts, std::string& memory) const {
    if (parts.buffer >= parts.batch.count(2)) throw FlatBufferError("a batch has too few buffers");
    const int64_t offset = parts.batch.number_in(2, parts.buffer, 16, 0);
    const int64_t size = parts.batch.number_in(2, parts.buffer++, 16, 8);
    if (offset < 0 || size < 0 || offset > std::ssize(parts.body) || size > std::ssize(parts.body) - offset)
      throw FlatBufferError("a buffer is not in its message");
    const std::string_view stored = parts.body.substr(static_cast<size_t>(offset), static_cast<size_t>(size));
    if (!parts.batch.has(3) || stored.empty()) return stored;
    const auto bytes = ArrowNumbers::at<int64_t>(stored, 0);
    const std::string_view packed = stored.substr(sizeof bytes);
    if (bytes == -1) return packed;
    const std::string_view name = parts.batch.table(3).scalar<int8_t>(0, 0) == 0 ? "lz4_frame" : "zstd";
    const BlockCodec* codec = block_codec(name);
    if (!codec)
      fail(concat("it is compressed by ", name, ", which is not read here"),
           "save it with 'compression=\"uncompressed\"'");
    if (bytes < 0 || bytes > most_buffer_bytes ||
        static_cast<uint64_t>(bytes) / codec->most_expansion() > packed.size())
      throw FlatBufferError(concat("a buffer of ", packed.size(), " bytes is said to hold ", bytes));
    memory.resize(static_cast<size_t>(bytes));
    if (bytes > 0 && !codec->decode(packed, memory))
      throw FlatBufferError(concat("a buffer is not whole as ", name, " has it"));
    return memory;
  }

  static uint64_t own_buffers(const ArrowColumn& column, Parts& parts) {
    if (column.is_index) return 2;
    switch (column.layout) {
      case ArrowLayout::nothing: return 0;
      case ArrowLayout::bits:
      case ArrowLayout::numbers: return 2;
      case ArrowLayout::views: return 2 + next_view_buffers(parts);
      case ArrowLayout::nested: return static_cast<uint64_t>(column.own_buffers);
      default: return 3;
    }
  }

  void pass(const ArrowColumn& column, Parts& parts) const {
    next_node(parts);
    parts.buffer += own_buffers(column, parts);
    if (!column.is_index)
      for (const ArrowColumn& child : column.children) pass(child, parts);
  }

  // Adds the column's cells; `length` is told where it is the same for all.
  template <class Add>
  int64_t read(const ArrowColumn& column, Parts& parts, const Add& add) const {
    const int64_t length = next_node(parts);
    if (column.layout == ArrowLayout::nothing) {
      for (int64_t i = 0; i < length; ++i) add("");
      return length;
    }
    std::string memory[3];
    const std::string_view there = next_buffer(parts, memory[0]);
    const auto is_there = [&](int64_t i) {
      if (parts.nulls == 0 || there.empty()) return true;
      return (ArrowNumbers::at<uint8_t>(there, static_cast<uint64_t>(i) / 8) >> (i % 8) & 1) != 0;
    };
    const std::string_view data = next_buffer(parts, memory[1]);
    if (column.layout == ArrowLayout::views) {
      std::deque<std::string> memories;
      std::vector<std::string_view> texts;
      for (uint64_t left = next_view_buffers(parts); left > 0; --left)
        texts.push_back(next_buffer(parts, memories.emplace_back()));
      for (int64_t i = 0; i < length; ++i)
        add(is_there(i) ? checked(viewed(data, static_cast<uint64_t>(i), texts), column) : std::string_view());
      return length;
    }
    if (column.layout == ArrowLayout::texts || column.layout == ArrowLayout::large_texts) {
      const std::string_view text = next_buffer(parts, memory[2]);
      const bool large = column.layout == ArrowLayout::large_texts;
      const auto end = [&](int64_t i) {
        const auto at = static_cast<uint64_t>(i);
        return large ? ArrowNumbers::at<int64_t>(data, at) : int64_t{ArrowNumbers::at<int32_t>(data, at)};
      };
      for (int64_t i = 0; i < length; ++i) {
        const int64_t from = is_there(i) ? end(i) : 0, to = is_there(i) ? end(i + 1) : 0;
        if (from < 0 || to < from || to > std::ssize(text)) throw ParquetError("a text is not where it is said to be");
        const std::string_view cell = text.substr(static_cast<size_t>(from), static_cast<size_t>(to - from));
        add(checked(cell, column));
      }
      return length;
    }
    for (int64_t i = 0; i < length; ++i) add(is_there(i) ? number(column, data, static_cast<uint64_t>(i)) : "");
    return length;
  }

  static std::string_view checked(std::string_view cell, const ArrowColumn& column) {
    if (!valid_utf8(cell)) throw ParquetError("it holds bytes that are no text", leave_out_help(column.name));
    return cell;
  }

  // The text of the i-th view, of 16 bytes: its length, then itself, or its first bytes, its buffer and its place
  // there.
  static std::string_view viewed(std::string_view views, uint64_t i, const std::vector<std::string_view>& texts) {
    constexpr uint64_t most_beside = 12;
    const auto size = ArrowNumbers::at<uint32_t>(views, 4 * i);
    if (i >= views.size() / 16) throw ParquetError("its values end too early");
    if (size <= most_beside) return views.substr(16 * i + 4, size);
    const auto buffer = ArrowNumbers::at<uint32_t>(views, 4 * i + 2),
               from = ArrowNumbers::at<uint32_t>(views, 4 * i + 3);
    if (buffer >= texts.size() || from > texts[buffer].size() || size > texts[buffer].size() - from)
      throw ParquetError("a text is not where it is said to be");
    return texts[buffer].substr(from, size);
  }

  static std::string number(const ArrowColumn& column, std::string_view data, uint64_t i) {
    if (column.layout == ArrowLayout::bits)
      return ArrowNumbers::at<uint8_t>(data, i / 8) >> (i % 8) & 1 ? "true" : "false";
    const auto width = static_cast<uint64_t>(column.width);
    if (i >= data.size() / width) throw ParquetError("its values end too early");
    std::string bytes(data.substr(i * width, width));
    if (column.value.meaning == ParquetMeaning::decimal) std::ranges::reverse(bytes);
    if (column.value.type == ParquetType::int64) bytes = widened(bytes, column);
    return parquet_cell(bytes, column.value);
  }

  static std::string widened(const std::string& bytes, const ArrowColumn& column) {
    const bool negative = column.is_signed && static_cast<uint8_t>(bytes.back()) >= 128;
    std::string wide = bytes + std::string(8 - bytes.size(), negative ? '\xff' : '\0');
    if (column.value.meaning != ParquetMeaning::date || column.width == 4) return wide;
    auto time_ms = ArrowNumbers::at<int64_t>(wide, 0);  // a date by its milliseconds
    time_ms /= 86'400'000;
    return {reinterpret_cast<const char*>(&time_ms), sizeof time_ms};
  }

  void batch(const FlatTable& found, std::string_view body) {
    if (columns_.empty()) throw FlatBufferError("a batch comes before the schema");
    const auto length = found.scalar<int64_t>(0, 0);
    if (length < 0 || length > most_arrow_cells / std::ssize(columns_) - rows_)
      fail(concat("expected at most ", most_arrow_cells, " cells, found more than ", rows_, " rows of ",
                  columns_.size(), " columns"),
           "save it in parts, or fewer columns");
    Parts parts{.batch = found, .body = body};
    for (size_t i = 0; i < columns_.size(); ++i) {
      const ArrowColumn& column = columns_[i];
      if (!reads_(column.name)) {
        pass(column, parts);
        continue;
      }
      try {
        const int64_t cells =
            read(column, parts, [&](std::string_view cell) { cells_[i].add(value_of(column, cell)); });
        if (cells != length) throw ParquetError(concat("it has ", cells, " cells of ", length, " rows"));
      } catch (const ParquetError& error) {
        fail(concat("column '", column.name, "': ", error.what()), error.help);
      }
    }
    rows_ += length;
  }

  // Of an index what it stands for.
  std::string_view value_of(const ArrowColumn& column, std::string_view cell) const {
    if (!column.is_index || cell.empty()) return cell;
    const auto found = dictionaries_.find(column.dictionary);
    const auto index = std::strtoll(std::string(cell).c_str(), nullptr, 10);
    if (found == dictionaries_.end() || index < 0 || index >= std::ssize(found->second))
      throw ParquetError(concat("there is no value ", index, " in its dictionary"));
    return found->second[static_cast<size_t>(index)];
  }

  void dictionary(const FlatTable& found, std::string_view body) {
    const auto id = found.scalar<int64_t>(0, 0);
    const auto column = std::ranges::find_if(
        columns_, [&](const ArrowColumn& each) { return each.is_index && each.dictionary == id && reads_(each.name); });
    if (column == columns_.end()) return;
    std::vector<std::string>& values = dictionaries_[id];
    if (found.scalar<uint8_t>(2, 0) == 0) values.clear();
    Parts parts{.batch = found.table(1), .body = body};
    try {
      read(column->children[0], parts, [&](std::string_view value) { values.emplace_back(value); });
    } catch (const ParquetError& error) {
      fail(concat("the dictionary of column '", column->name, "': ", error.what()), error.help);
    }
  }

  const std::filesystem::path path_;
  const std::string bytes_;
  const std::function<bool(const std::string&)>& reads_;
  std::vector<ArrowColumn> columns_;
  std::vector<HeldColumns::Column> cells_;
  std::map<int64_t, std::vector<std::string>> dictionaries_;
  int64_t rows_ = 0;
};

}  // namespace

std::shared_ptr<const TableText> read_arrow(const std::filesystem::path& path,
                                            const std::function<bool(const std::string&)>& reads) {
  return ArrowFile(path, reads).table();
}

}  // namespace dl
