// Reading the types of Arrow's schemas (Schema.fbs), by their numbers there.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/arrow_columns.h"

#include "lib/base/error.h"

namespace dl {
namespace {

void describe_number(ArrowColumn& c, ArrowLayout layout, int64_t width, ParquetType type, ParquetMeaning meaning) {
  c.layout = layout;
  c.width = width;
  c.value.type = type;
  c.value.meaning = meaning;
}

void describe_whole(ArrowColumn& c, const FlatTable& type) {
  const auto bits = type.scalar<int32_t>(0, 0);
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
    throw FlatBufferError(concat("numbers have ", bits, " bits"));
  c.is_signed = type.scalar<uint8_t>(1, 0) != 0;
  describe_number(c, ArrowLayout::numbers, bits / 8, ParquetType::int64,
                  c.is_signed ? ParquetMeaning::itself : ParquetMeaning::whole_unsigned);
}

int64_t units_per_second(int unit) { return unit == 0 ? 1 : unit == 1 ? 1'000 : unit == 2 ? 1'000'000 : 1'000'000'000; }

void describe_type(ArrowColumn& c, int kind, const FlatTable& type) {
  switch (kind) {
    case 1: c.layout = ArrowLayout::nothing; break;
    case 2: describe_whole(c, type); break;
    case 3: {
      const int precision = type.scalar<int16_t>(0, 0);
      if (precision < 0 || precision > 2) throw FlatBufferError("numbers have no precision");
      describe_number(c, ArrowLayout::numbers, 2 << precision, precision == 2 ? ParquetType::twice : ParquetType::real,
                      ParquetMeaning::itself);
      if (precision == 0) describe_number(c, ArrowLayout::numbers, 2, ParquetType::fixed, ParquetMeaning::half);
      break;
    }
    case 4:
    case 5: c.layout = ArrowLayout::texts; break;
    case 23:
    case 24: c.layout = ArrowLayout::views; break;
    case 19:
    case 20: c.layout = ArrowLayout::large_texts; break;
    case 6: describe_number(c, ArrowLayout::bits, 0, ParquetType::boolean, ParquetMeaning::itself); break;
    case 7: {
      const auto bits = type.scalar<int32_t>(2, 128);
      if (bits % 8 != 0 || bits < 8 || bits > 256) throw FlatBufferError(concat("decimals have ", bits, " bits"));
      describe_number(c, ArrowLayout::numbers, bits / 8, ParquetType::fixed, ParquetMeaning::decimal);
      c.value.scale = type.scalar<int32_t>(1, 0);
      break;
    }
    case 8:  // of days, or of milliseconds
      describe_number(c, ArrowLayout::numbers, type.scalar<int16_t>(0, 1) == 0 ? 4 : 8, ParquetType::int64,
                      ParquetMeaning::date);
      break;
    case 9:
      describe_number(c, ArrowLayout::numbers, type.scalar<int32_t>(1, 32) / 8, ParquetType::int64,
                      ParquetMeaning::time);
      if (c.width != 4 && c.width != 8) throw FlatBufferError("times have no width");
      c.value.units_per_second = units_per_second(type.scalar<int16_t>(0, 1));
      break;
    case 10:
      describe_number(c, ArrowLayout::numbers, 8, ParquetType::int64, ParquetMeaning::stamp);
      c.value.units_per_second = units_per_second(type.scalar<int16_t>(0, 0));
      break;
    case 18: describe_number(c, ArrowLayout::numbers, 8, ParquetType::int64, ParquetMeaning::itself); break;
    case 11: c.type = "intervals"; break;
    case 12:
    case 17:
    case 21: c.type = "lists"; break;
    case 25:
    case 26: c.type = "lists", c.own_buffers = 3; break;
    case 13:
    case 16: c.type = "structures", c.own_buffers = 1; break;
    case 14: c.type = "of several types", c.own_buffers = type.scalar<int16_t>(0, 0) == 0 ? 1 : 2; break;
    case 15: c.type = "bytes"; break;
    case 22: c.type = "runs", c.own_buffers = 0; break;
    default: throw FlatBufferError(concat("a column has the type ", kind, ", which is not read here"));
  }
}

}  // namespace

ArrowColumn describe_column(const FlatTable& field, int depth, int64_t& described) {
  if (depth > 32) throw FlatBufferError("columns lie too deep in each other");
  if (++described > 100'000) throw FlatBufferError("it has more than 100000 columns");
  ArrowColumn c{.name = std::string(field.text(0))};
  c.value.name = c.name;
  describe_type(c, field.scalar<uint8_t>(2, 0), field.table(3));
  if (field.has(4)) {
    const FlatTable encoding = field.table(4);
    c.is_index = true;
    c.dictionary = encoding.scalar<int64_t>(0, 0);
    ArrowColumn values = c;
    values.is_index = false;
    if (encoding.has(1))
      describe_whole(c, encoding.table(1));
    else
      describe_number(c, ArrowLayout::numbers, 4, ParquetType::int64, ParquetMeaning::itself);
    c.children = {std::move(values)};
    return c;
  }
  for (uint64_t i = 0; i < field.count(5); ++i)
    c.children.push_back(describe_column(field.item(5, i), depth + 1, described));
  return c;
}

}  // namespace dl
