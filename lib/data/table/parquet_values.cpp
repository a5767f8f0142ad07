// Decoding values.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/parquet_values.h"

#include <algorithm>
#include <cstring>

#include "lib/base/error.h"

namespace dl {
namespace {

constexpr uint64_t most_own_bytes = uint64_t{1} << 31;  // of a page's values that repeat each other's beginnings

// Bytes read one after another.
class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : bytes_(bytes) {}
  std::string_view take(uint64_t count) {
    if (count > bytes_.size()) throw ParquetError("its values end too early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  uint32_t u32() {
    uint32_t n;
    std::memcpy(&n, take(sizeof n).data(), sizeof n);
    return n;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto next = static_cast<uint8_t>(take(1)[0]);
      value |= uint64_t{next & 127u} << shift;
      if (next < 128) return value;
    }
    throw ParquetError("a number of its values has too many bytes");
  }
  bool empty() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

// The i-th of numbers of `bits` bits, the lowest first; those behind the end are 0.
uint64_t packed(std::string_view bytes, int bits, uint64_t i) {
  uint64_t value = 0;
  const uint64_t first = i * static_cast<uint64_t>(bits);
  for (int got = 0; got < bits;) {
    const uint64_t at = first + static_cast<uint64_t>(got);
    const int shift = static_cast<int>(at % 8), some = std::min(8 - shift, bits - got);
    const uint64_t byte = at / 8 < bytes.size() ? static_cast<uint8_t>(bytes[at / 8]) : 0;
    value |= (byte >> shift & ((1u << some) - 1)) << got;
    got += some;
  }
  return value;
}

// "Delta encoding": whole numbers as differences, packed in blocks. The cursor is left behind them.
std::vector<int64_t> read_deltas(ByteCursor& from, int64_t count) {
  const uint64_t block = from.varint(), parts = from.varint(), all = from.varint();
  if (parts == 0 || parts > 1024 || block == 0 || block > (1 << 20) || block % parts > 0 || block / parts % 8 > 0)
    throw ParquetError(concat("its differences are in blocks of ", block, " in ", parts, " parts"));
  if (all != static_cast<uint64_t>(count)) throw ParquetError(concat("it has ", all, " differences of ", count));
  const auto zigzag = [&] {
    const uint64_t n = from.varint();
    return n >> 1 ^ (~(n & 1) + 1);
  };
  uint64_t last = zigzag();
  std::vector<int64_t> values;
  if (count > 0) values.push_back(static_cast<int64_t>(last));
  const uint64_t of_part = block / parts;
  while (std::ssize(values) < count) {
    const uint64_t least = zigzag();
    const std::string_view widths = from.take(parts);
    for (uint64_t part = 0; part < parts && std::ssize(values) < count; ++part) {
      const int bits = static_cast<uint8_t>(widths[part]);
      if (bits > 64) throw ParquetError(concat("its differences have ", bits, " bits"));
      const std::string_view bytes = from.take(of_part * static_cast<uint64_t>(bits) / 8);
      for (uint64_t i = 0; i < of_part && std::ssize(values) < count; ++i) {
        last += least + packed(bytes, bits, i);
        values.push_back(static_cast<int64_t>(last));
      }
    }
  }
  return values;
}

std::string& owned(ParquetValues& all) { return all.own.emplace_back(); }

// Each a part of a text of their own.
void cut(ParquetValues& all, const std::string& text, int64_t width) {
  for (size_t at = 0; at < text.size(); at += static_cast<size_t>(width))
    all.values.push_back(std::string_view(text).substr(at, static_cast<size_t>(width)));
}

int64_t width_of(const ParquetColumn& column) {
  switch (column.type) {
    case ParquetType::boolean: return 1;
    case ParquetType::int32:
    case ParquetType::real: return 4;
    case ParquetType::int64:
    case ParquetType::twice: return 8;
    case ParquetType::int96: return 12;
    case ParquetType::bytes: return 0;
    case ParquetType::fixed: break;
  }
  if (column.width < 1 || column.width > (1 << 20))
    throw ParquetError(concat("its values have ", column.width, " bytes"));
  return column.width;
}

void read_plain(ByteCursor from, const ParquetColumn& column, int64_t count, ParquetValues& all) {
  if (column.type == ParquetType::boolean) {
    const std::string_view bits = from.take(static_cast<uint64_t>(count + 7) / 8);
    std::string& bytes = owned(all);
    for (int64_t i = 0; i < count; ++i) bytes += static_cast<char>(packed(bits, 1, static_cast<uint64_t>(i)));
    return cut(all, bytes, 1);
  }
  const auto width = static_cast<uint64_t>(width_of(column));
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t size = width > 0 ? width : from.u32();
    all.values.push_back(from.take(size));
  }
}

void read_split(ByteCursor from, const ParquetColumn& column, int64_t count, ParquetValues& all) {
  const auto width = static_cast<uint64_t>(width_of(column)), n = static_cast<uint64_t>(count);
  if (width == 0) throw ParquetError("texts are said to be split into streams");
  const std::string_view streams = from.take(width * n);
  std::string& bytes = owned(all);
  for (uint64_t i = 0; i < n; ++i)
    for (uint64_t k = 0; k < width; ++k) bytes += streams[k * n + i];
  cut(all, bytes, static_cast<int64_t>(width));
}

void read_delta_numbers(ByteCursor from, const ParquetColumn& column, int64_t count, ParquetValues& all) {
  if (column.type != ParquetType::int32 && column.type != ParquetType::int64)
    throw ParquetError("differences are of values that are no whole numbers");
  const int64_t width = width_of(column);
  std::string& bytes = owned(all);
  for (const int64_t value : read_deltas(from, count))
    bytes.append(reinterpret_cast<const char*>(&value), static_cast<size_t>(width));
  cut(all, bytes, width);
}

std::vector<std::string_view> read_delta_texts(ByteCursor& from, int64_t count) {
  const std::vector<int64_t> sizes = read_deltas(from, count);
  std::vector<std::string_view> texts;
  for (const int64_t size : sizes) texts.push_back(from.take(static_cast<uint64_t>(size)));
  return texts;
}

void read_delta_beginnings(ByteCursor from, int64_t count, ParquetValues& all) {
  const std::vector<int64_t> shared = read_deltas(from, count);
  const std::vector<std::string_view> ends = read_delta_texts(from, count);
  std::string_view last;
  uint64_t bytes = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    const auto begin = static_cast<uint64_t>(shared[i]);
    if (begin > last.size()) throw ParquetError(concat("a text shares ", begin, " bytes with one of ", last.size()));
    bytes += begin + ends[i].size();
    if (bytes > most_own_bytes) throw ParquetError("its texts are longer than 2 GiB together");
    std::string& text = owned(all);
    text.append(last.substr(0, begin)).append(ends[i]);
    all.values.push_back(last = text);
  }
}

}  // namespace

std::vector<uint32_t> read_hybrid(std::string_view bytes, int bits, int64_t count) {
  if (bits < 0 || bits > 32) throw ParquetError(concat("its numbers have ", bits, " bits"));
  ByteCursor from(bytes);
  std::vector<uint32_t> values;
  while (std::ssize(values) < count) {
    const uint64_t head = from.varint();
    const uint64_t left = static_cast<uint64_t>(count - std::ssize(values));
    if (head & 1) {
      const uint64_t groups = head >> 1;
      if (groups > (left + 7) / 8) throw ParquetError("a run of its numbers is longer than they are");
      const std::string_view run = from.take(groups * static_cast<uint64_t>(bits));
      for (uint64_t i = 0; i < std::min(groups * 8, left); ++i)
        values.push_back(static_cast<uint32_t>(packed(run, bits, i)));
    } else {
      const auto value = static_cast<uint32_t>(packed(from.take(static_cast<uint64_t>(bits + 7) / 8), bits, 0));
      if (head >> 1 == 0 || head >> 1 > left) throw ParquetError("a run of its numbers is longer than they are");
      values.insert(values.end(), head >> 1, value);
    }
  }
  return values;
}

ParquetValues read_values(std::string_view bytes, int64_t encoding, const ParquetColumn& column, int64_t count) {
  ParquetValues all;
  ByteCursor from(bytes);
  switch (static_cast<ParquetEncoding>(encoding)) {
    case ParquetEncoding::plain: read_plain(from, column, count, all); break;
    case ParquetEncoding::rle: {
      if (column.type != ParquetType::boolean) throw ParquetError("runs are of values that are not yes or no");
      std::string& own = owned(all);
      for (const uint32_t value : read_hybrid(from.take(from.u32()), 1, count)) own += static_cast<char>(value);
      cut(all, own, 1);
      break;
    }
    case ParquetEncoding::delta_binary_packed: read_delta_numbers(from, column, count, all); break;
    case ParquetEncoding::delta_length_byte_array:
      if (column.type != ParquetType::bytes) throw ParquetError("lengths are of values that have one alone");
      all.values = read_delta_texts(from, count);
      break;
    case ParquetEncoding::delta_byte_array:
      if (column.type != ParquetType::bytes && column.type != ParquetType::fixed)
        throw ParquetError("beginnings are shared of values that are no texts");
      read_delta_beginnings(from, count, all);
      break;
    case ParquetEncoding::byte_stream_split: read_split(from, column, count, all); break;
    default: throw ParquetError(concat("its values have the encoding ", encoding, ", which is not known here"));
  }
  for (const std::string_view value : all.values)
    if (const int64_t width = width_of(column); width > 0 && std::ssize(value) != width)
      throw ParquetError(concat("a value has ", value.size(), " bytes of ", width));
  return all;
}

}  // namespace dl
