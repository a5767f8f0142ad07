// Reading the pages of a Parquet file.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/parquet_table.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/file/block_codec.h"
#include "lib/data/table/held_columns.h"
#include "lib/data/table/parquet_cells.h"
#include "lib/data/table/parquet_meta.h"
#include "lib/data/table/parquet_values.h"

namespace dl {
namespace {

constexpr std::string_view parquet_magic = "PAR1", encrypted_magic = "PARE";
constexpr uint64_t most_footer_bytes = uint64_t{1} << 28;
constexpr int64_t most_page_bytes = int64_t{1} << 31, most_cells = int64_t{1} << 30;

class ParquetFile {
 public:
  explicit ParquetFile(const std::filesystem::path& path) : file_(path) {
    const uint64_t end = parquet_magic.size() + sizeof(uint32_t), size = file_.size_bytes();
    if (size < parquet_magic.size() + end || part(0, parquet_magic.size()) != parquet_magic)
      fail("expected a Parquet file, which begins and ends with 'PAR1'");
    const std::string tail = part(size - end, end);
    if (tail.ends_with(encrypted_magic)) fail("its footer is encrypted", "save it without encryption");
    if (!tail.ends_with(parquet_magic)) fail("it does not end with 'PAR1': it is not whole", "get the file again");
    uint32_t bytes;
    std::memcpy(&bytes, tail.data(), sizeof bytes);
    if (bytes > size - end - parquet_magic.size() || bytes > most_footer_bytes)
      fail(concat("its footer is said to have ", bytes, " bytes of ", size), "get the file again");
    try {
      footer_ = read_parquet_footer(part(size - end - bytes, bytes));
    } catch (const ThriftError& error) {
      fail(concat("its footer is broken: ", error.what()), "get the file again");
    }
    if (footer_.rows > most_cells / std::ssize(footer_.columns))
      fail(concat("expected at most ", most_cells, " cells, found ", footer_.rows, " rows of ", footer_.columns.size(),
                  " columns"),
           "save it in parts, or fewer columns");
  }

  std::shared_ptr<const TableText> table(const std::function<bool(const std::string&)>& reads) {
    std::vector<std::string> names;
    std::vector<HeldColumns::Column> columns;
    for (size_t i = 0; i < footer_.columns.size(); ++i) {
      const ParquetColumn& column = footer_.columns[i];
      if (std::ranges::count(names, column.name) > 0) fail(concat("two columns are named '", column.name, "'"));
      names.push_back(column.name);
      HeldColumns::Column& cells = columns.emplace_back();
      if (!reads(column.name)) continue;
      if (!column.flat)
        fail(column, "its cells are lists or structures, which are no cells of a table",
             leave_out_help(column.name.substr(0, column.name.find('.'))));
      for (const auto& group : footer_.groups) read(column, group[i], cells);
      if (cells.size() != footer_.rows)
        fail(column, concat("it has ", cells.size(), " cells of ", footer_.rows, " rows"));
    }
    if (footer_.rows == 0) fail("it has no rows");
    return std::make_shared<HeldColumns>(file_.path(), std::move(names), std::move(columns), footer_.rows,
                                         hash_.value());
  }

 private:
  [[noreturn]] void fail(std::string what, std::string help = {}) const {
    throw Error(Exit::data,
                Problem{.where = {.file = file_.path().string()}, .what = std::move(what), .help = std::move(help)});
  }
  [[noreturn]] void fail(const ParquetColumn& column, const std::string& what,
                         std::string help = "get the file again") const {
    fail(concat("column '", column.name, "': ", what), std::move(help));
  }

  std::string part(uint64_t offset, uint64_t bytes) {
    std::string text(bytes, '\0');
    file_.read(offset, text.data(), bytes);
    hash_.append(text);
    return text;
  }

  void read(const ParquetColumn& column, const ParquetChunk& chunk, HeldColumns::Column& cells) {
    if (chunk.elsewhere) fail(column, "its values are in another file", "save the table in one file");
    const auto size = static_cast<int64_t>(file_.size_bytes());
    if (chunk.offset < 0 || chunk.bytes < 0 || chunk.offset > size || chunk.bytes > size - chunk.offset)
      fail(column, concat("it is said to be at byte ", chunk.offset, ", ", chunk.bytes, " long, of ", size));
    try {
      read_pages(column, chunk, part(static_cast<uint64_t>(chunk.offset), static_cast<uint64_t>(chunk.bytes)), cells);
    } catch (const ThriftError& error) {
      fail(column, concat("a page is broken: ", error.what()));
    } catch (const ParquetError& error) {
      fail(column, error.what(), error.help);
    }
  }

  void read_pages(const ParquetColumn& column, const ParquetChunk& chunk, const std::string& bytes,
                  HeldColumns::Column& cells) {
    std::vector<std::string> dictionary;
    std::string_view left = bytes;
    for (int64_t seen = 0; seen < chunk.values;) {
      if (left.empty()) throw ParquetError(concat("it ends after ", seen, " of ", chunk.values, " values"));
      ThriftReader header(left);
      const ParquetPage page = read_parquet_page(header);
      left.remove_prefix(header.position());
      if (page.compressed < 0 || page.compressed > std::ssize(left) || page.bytes < 0 || page.bytes > most_page_bytes)
        throw ParquetError(
            concat("a page is said to have ", page.compressed, " bytes, ", page.bytes, " without compression"));
      const std::string_view stored = left.substr(0, static_cast<size_t>(page.compressed));
      left.remove_prefix(stored.size());
      if (page.kind != ParquetPage::dictionary && page.kind != ParquetPage::data && page.kind != ParquetPage::data_v2)
        continue;
      if (page.values < 0 || page.values > footer_.rows)
        throw ParquetError(concat("a page is said to have ", page.values, " values"));
      if (page.kind == ParquetPage::dictionary) {
        const std::string whole = decompressed(stored, page.bytes, chunk.codec);
        // What is called so in a dictionary is plain.
        const auto values = read_values(whole, static_cast<int64_t>(ParquetEncoding::plain), column, page.values);
        for (const std::string_view value : values.values) dictionary.push_back(parquet_cell(value, column));
        continue;
      }
      read_page(column, chunk, page, stored, dictionary, cells);
      seen += page.values;
    }
  }

  void read_page(const ParquetColumn& column, const ParquetChunk& chunk, const ParquetPage& page,
                 std::string_view stored, const std::vector<std::string>& dictionary,
                 HeldColumns::Column& cells) const {
    if (page.values > footer_.rows - cells.size()) throw ParquetError("it has more cells than rows");
    std::string whole;
    std::string_view values, levels;
    if (page.kind == ParquetPage::data_v2) {
      if (page.levels < 0 || page.repeats != 0 || page.levels > std::ssize(stored) || page.levels > page.bytes)
        throw ParquetError(concat("its levels are said to have ", page.levels, " and ", page.repeats, " bytes"));
      levels = stored.substr(0, static_cast<size_t>(page.levels));
      values = stored.substr(levels.size());
      if (page.is_compressed) values = whole = decompressed(values, page.bytes - page.levels, chunk.codec);
    } else {
      values = whole = decompressed(stored, page.bytes, chunk.codec);
      if (column.optional) {
        uint32_t size;
        if (values.size() < sizeof size) throw ParquetError("a page ends before its levels");
        std::memcpy(&size, values.data(), sizeof size);
        if (size > values.size() - sizeof size) throw ParquetError("a page ends within its levels");
        levels = values.substr(sizeof size, size);
        values.remove_prefix(sizeof size + size);
      }
    }
    std::vector<uint32_t> there;  // 1 for each cell that is not missing; none: all are there
    if (column.optional) there = read_hybrid(levels, 1, page.values);
    const int64_t count = column.optional ? std::ranges::count(there, 1u) : page.values;
    size_t next = 0;
    const auto put = [&](auto cell) {
      for (int64_t i = 0; i < page.values; ++i)
        cells.add(there.empty() || there[static_cast<size_t>(i)] ? cell(next++) : std::string_view());
    };
    const auto encoding = static_cast<ParquetEncoding>(page.encoding);
    if (encoding == ParquetEncoding::rle_dictionary || encoding == ParquetEncoding::plain_dictionary) {
      if (count > 0 && values.empty()) throw ParquetError("a page has no values");
      const int bits = values.empty() ? 0 : static_cast<uint8_t>(values[0]);
      const auto indices = read_hybrid(values.substr(values.empty() ? 0 : 1), bits, count);
      return put([&](size_t i) -> std::string_view {
        if (indices[i] >= dictionary.size())
          throw ParquetError(concat("value ", indices[i], " of a dictionary of ", dictionary.size()));
        return dictionary[indices[i]];
      });
    }
    const ParquetValues read = read_values(values, page.encoding, column, count);
    std::string cell;
    put([&](size_t i) -> std::string_view { return cell = parquet_cell(read.values[i], column); });
  }

  static std::string decompressed(std::string_view stored, int64_t bytes, int64_t codec) {
    if (codec == 0) {
      if (std::ssize(stored) != bytes) throw ParquetError(concat("a page has ", stored.size(), " bytes of ", bytes));
      return std::string(stored);
    }
    const std::string name = parquet_codec_name(codec);
    const BlockCodec* found = block_codec(name);
    if (!found)
      throw ParquetError(concat("it is compressed by ", name, ", which is not read here"),
                         "save it with 'compression=\"gzip\"'");
    if (static_cast<uint64_t>(bytes) / found->most_expansion() > stored.size())
      throw ParquetError(concat("a page of ", stored.size(), " bytes is said to hold ", bytes));
    std::string whole(static_cast<size_t>(bytes), '\0');
    if (bytes > 0 && !found->decode(stored, whole))
      throw ParquetError(concat("a page is not whole as ", name, " has it"));
    return whole;
  }

  InputFile file_;
  ParquetFooter footer_;
  Xxh64 hash_;
};

}  // namespace

std::shared_ptr<const TableText> read_parquet(const std::filesystem::path& path,
                                              const std::function<bool(const std::string&)>& reads) {
  return ParquetFile(path).table(reads);
}

}  // namespace dl
