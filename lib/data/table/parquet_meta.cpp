// Reading a Parquet file's footer and the headers of its pages.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/parquet_meta.h"

#include <array>

#include "lib/base/error.h"

namespace dl {
namespace {

// An element of the schema: a leaf, or a group of the `children` that follow.
struct SchemaElement {
  ParquetColumn column;
  int64_t repetition = 0, children = 0;
  bool is_leaf = false;
};
constexpr int64_t parquet_optional = 1, parquet_repeated = 2;

// ConvertedType: what older writers say of a column.
void convert(ParquetColumn& column, int64_t converted) {
  switch (converted) {
    case 0:   // UTF8
    case 4:   // ENUM
    case 19:  // JSON
      column.meaning = ParquetMeaning::text;
      break;
    case 5: column.meaning = ParquetMeaning::decimal; break;
    case 6: column.meaning = ParquetMeaning::date; break;
    case 7:
    case 8:
      column.meaning = ParquetMeaning::time;
      column.units_per_second = converted == 7 ? 1'000 : 1'000'000;
      break;
    case 9:
    case 10:
      column.meaning = ParquetMeaning::stamp;
      column.units_per_second = converted == 9 ? 1'000 : 1'000'000;
      break;
    case 11:
    case 12:
    case 13:
    case 14: column.meaning = ParquetMeaning::whole_unsigned; break;
    default: break;
  }
}

int64_t read_time_unit(ThriftReader& r) {
  int64_t per_second = 1'000;
  r.structure([&](int id) {
    if (id == 2)  // TimeUnit: a union of MILLIS, MICROS, NANOS
      r.structure([&](int unit) {
        per_second = unit == 1 ? 1'000 : unit == 2 ? 1'000'000 : 1'000'000'000;
        return false;
      });
    return id == 2;
  });
  return per_second;
}

// LogicalType, a union; it counts more than the ConvertedType beside it.
void read_logical(ThriftReader& r, ParquetColumn& column) {
  r.structure([&](int id) {
    if (id == 1 || id == 4 || id == 12) {  // STRING, ENUM, JSON
      column.meaning = ParquetMeaning::text;
    } else if (id == 5) {
      column.meaning = ParquetMeaning::decimal;
      r.structure([&](int field) {
        if (field == 1) column.scale = r.integer();
        return field == 1;
      });
      return true;
    } else if (id == 6) {
      column.meaning = ParquetMeaning::date;
    } else if (id == 7 || id == 8) {
      column.meaning = id == 7 ? ParquetMeaning::time : ParquetMeaning::stamp;
      column.units_per_second = read_time_unit(r);
      return true;
    } else if (id == 10) {
      r.structure([&](int field) {
        if (field == 2 && !r.boolean()) column.meaning = ParquetMeaning::whole_unsigned;
        return field == 2;
      });
      return true;
    } else if (id == 15) {
      column.meaning = ParquetMeaning::half;
    } else if (id == 14) {
      column.meaning = ParquetMeaning::uuid;
    }
    return false;
  });
}

SchemaElement read_element_of_schema(ThriftReader& r) {
  SchemaElement e;
  std::optional<int64_t> converted;
  ParquetColumn logical;
  bool has_logical = false;
  r.structure([&](int id) {
    switch (id) {
      case 1: {
        const int64_t type = r.integer();
        if (type < 0 || type > 7) throw ThriftError(concat("a column is of the unknown type ", type));
        e.column.type = static_cast<ParquetType>(type);
        e.is_leaf = true;
        return true;
      }
      case 2: e.column.width = r.integer(); return true;
      case 3: e.repetition = r.integer(); return true;
      case 4: e.column.name = r.text(); return true;
      case 5: e.children = r.integer(); return true;
      case 6: converted = r.integer(); return true;
      case 7: e.column.scale = r.integer(); return true;
      case 10:
        logical = e.column;
        read_logical(r, logical);
        has_logical = true;
        return true;
      default: return false;
    }
  });
  if (has_logical) {
    e.column.meaning = logical.meaning;
    e.column.units_per_second = logical.units_per_second;
    if (logical.meaning == ParquetMeaning::decimal) e.column.scale = logical.scale;
  } else if (converted) {
    convert(e.column, *converted);
  }
  e.column.optional = e.repetition == parquet_optional;
  return e;
}

// The leaves below an element, whose path is `path`.
void add_leaves(const std::vector<SchemaElement>& elements, size_t& next, const std::string& path, int depth, bool flat,
                std::vector<ParquetColumn>& columns) {
  if (depth > 32) throw ThriftError("columns lie too deep in each other");
  if (next >= elements.size()) throw ThriftError("the schema ends too early");
  const SchemaElement& e = elements[next++];
  flat = flat && e.repetition != parquet_repeated;
  const std::string own = path.empty() ? e.column.name : path + "." + e.column.name;
  if (e.is_leaf) {
    columns.push_back(e.column);
    columns.back().name = own;
    columns.back().flat = flat && depth == 1;
    return;
  }
  for (int64_t i = 0; i < e.children; ++i) add_leaves(elements, next, depth == 0 ? "" : own, depth + 1, flat, columns);
}

ParquetChunk read_chunk(ThriftReader& r) {
  ParquetChunk chunk;
  int64_t data = 0, dictionary = 0;
  r.structure([&](int id) {
    if (id == 1) chunk.elsewhere = !r.text().empty();
    if (id == 3)
      r.structure([&](int field) {
        switch (field) {
          case 4: chunk.codec = r.integer(); return true;
          case 5: chunk.values = r.integer(); return true;
          case 7: chunk.bytes = r.integer(); return true;
          case 9: data = r.integer(); return true;
          case 11: dictionary = r.integer(); return true;
          default: return false;
        }
      });
    return id == 1 || id == 3;
  });
  chunk.offset = dictionary > 0 && dictionary < data ? dictionary : data;
  return chunk;
}

}  // namespace

ParquetFooter read_parquet_footer(std::string_view bytes) {
  ThriftReader r(bytes);
  ParquetFooter footer;
  std::vector<SchemaElement> elements;
  r.structure([&](int id) {
    switch (id) {
      case 2: r.list([&] { elements.push_back(read_element_of_schema(r)); }); return true;
      case 3: footer.rows = r.integer(); return true;
      case 4:
        r.list([&] {
          std::vector<ParquetChunk>& group = footer.groups.emplace_back();
          r.structure([&](int field) {
            if (field == 1) r.list([&] { group.push_back(read_chunk(r)); });
            return field == 1;
          });
        });
        return true;
      default: return false;
    }
  });
  if (elements.empty()) throw ThriftError("it has no schema");
  elements[0].is_leaf = false;
  elements[0].repetition = 0;
  size_t next = 0;
  add_leaves(elements, next, "", 0, true, footer.columns);
  if (next != elements.size()) throw ThriftError("the schema has more elements than its groups");
  if (footer.columns.empty()) throw ThriftError("it has no columns");
  if (footer.rows < 0) throw ThriftError(concat("it is said to have ", footer.rows, " rows"));
  for (const auto& group : footer.groups)
    if (group.size() != footer.columns.size())
      throw ThriftError(concat("a group of rows has ", group.size(), " of ", footer.columns.size(), " columns"));
  return footer;
}

ParquetPage read_parquet_page(ThriftReader& r) {
  ParquetPage page;
  r.structure([&](int id) {
    switch (id) {
      case 1: page.kind = r.integer(); return true;
      case 2: page.bytes = r.integer(); return true;
      case 3: page.compressed = r.integer(); return true;
      case 5:    // DataPageHeader
      case 7: {  // DictionaryPageHeader
        r.structure([&](int field) {
          if (field == 1) page.values = r.integer();
          if (field == 2) page.encoding = r.integer();
          return field == 1 || field == 2;
        });
        return true;
      }
      case 8:  // DataPageHeaderV2
        r.structure([&](int field) {
          switch (field) {
            case 1: page.values = r.integer(); return true;
            case 4: page.encoding = r.integer(); return true;
            case 5: page.levels = r.integer(); return true;
            case 6: page.repeats = r.integer(); return true;
            case 7: page.is_compressed = r.boolean(); return true;
            default: return false;
          }
        });
        return true;
      default: return false;
    }
  });
  return page;
}

std::string parquet_codec_name(int64_t codec) {
  constexpr std::array names{"none", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw"};
  return codec >= 0 && codec < std::ssize(names) ? names[static_cast<size_t>(codec)] : concat("codec ", codec);
}

}  // namespace dl
