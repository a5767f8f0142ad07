// Tables of Parquet files that pyarrow wrote (tests/data/columnar/make.py), and of such that are damaged.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/file.h"
#include "lib/base/random.h"
#include "lib/data/file/block_codec.h"
#include "lib/data/table/parquet_table.h"
#include "tests/data/sets_for_test.h"
#include "tests/error_text.h"
#include "tests/paths.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace dl;
using namespace dl::testing;

namespace {

std::filesystem::path parquet_file(const std::string& name) {
  return std::filesystem::path(source_dir()) / "tests/data/columnar" / (name + ".parquet");
}

std::string parquet_codec_of(const std::string& name) {
  return name == "lz4"                          ? "lz4_raw"
         : name == "snappy" || name == "nested" ? "snappy"
         : name == "zstd_v2" || name == "many"  ? "zstd"
                                                : "gzip";
}

const auto all_columns = [](const std::string&) { return true; };

}  // namespace

TEST_CASE("cells are those that pyarrow wrote, in each encoding, version of pages and compression") {
  const auto expected = nlohmann::json::parse(read_file(parquet_file("plain").parent_path() / "cells.json", 1 << 20));
  for (const std::string name : {"plain", "snappy", "zstd_v2", "gzip", "lz4", "deltas"}) {
    if (!block_codec(parquet_codec_of(name))) continue;
    CAPTURE(name);
    const auto table = read_parquet(parquet_file(name), all_columns);
    REQUIRE(table->rows() == 10);
    CHECK(table->columns() == std::ssize(expected["columns"]));
    for (int64_t c = 0; c < table->columns(); ++c) {
      const std::string& column = table->names()[static_cast<size_t>(c)];
      CAPTURE(column);
      for (int64_t row = 0; row < table->rows(); ++row)
        CHECK(table->cell(row, c) == expected["columns"][column][static_cast<size_t>(row)].get<std::string>());
    }
  }
}

TEST_CASE("identifiers of 16 bytes are cells as they are usually written") {
  const auto table = read_parquet(parquet_file("uuids"), all_columns);
  CHECK(table->cell(0, 1) == "00112233-4455-6677-8899-aabbccddeeff");
  CHECK(table->cell(1, 1) == "");
}

TEST_CASE("whole numbers in many pages and blocks of differences come in their order") {
  if (!block_codec("zstd")) return;
  const auto table = read_parquet(parquet_file("many"), all_columns);
  REQUIRE(table->rows() == 3000);
  for (int64_t i = 0; i < 3000; ++i) {
    CHECK(table->cell(i, 0) == std::to_string(i));
    CHECK(table->cell(i, 1) == std::to_string(i * i % 997));
  }
}

TEST_CASE("a Parquet file is a data set, as a CSV file is") {
  const Folder folder;
  std::filesystem::copy(parquet_file("plain"), folder.path / "t.parquet");
  const auto opened = open(
      "{train: {format: parquet, path: t.parquet, target: {column: twice, normalize: none}, normalize: none, columns: "
      "{long: {normalize: none}, code: ignore, town: ignore, when: ignore, before: ignore, day: ignore, time: ignore, "
      "nothing: ignore, flag: ignore, single: ignore, price: ignore, unsigned: ignore, twice: ignore}}}",
      folder.path);
  CHECK(opened->problems == "");
  CHECK(floats(sample(*opened->sets.train, 3)[0]) == std::vector<float>{-1000, 0});
  CHECK(floats(sample(*opened->sets.train, 7)[1]) == std::vector<float>{1});
}

TEST_CASE("columns of lists and structures are refused by name unless they are left out, and so are bytes") {
  const Folder folder;
  for (const std::string name : {"nested", "bytes", "brotli", "empty"})
    std::filesystem::copy(parquet_file(name), folder.path / (name + ".parquet"));
  folder.write("t.parquet", "not one");
  folder.write("t2.parquet", "PAR1 and so on and on, but no end");
  const auto said = [&](const std::string& keys) {
    return open("{train: {format: parquet, " + keys + "}}", folder.path)->problems;
  };
  const std::string named = "\n  named in DIR/run.yaml:1:9";
  if (block_codec("snappy")) {
    CHECK(said("path: nested.parquet, target: y") ==
          "error: DIR/nested.parquet: data.train: column 'tags.list.element': its cells are lists or structures, which "
          "are no cells of a table" +
              named + "\n  help: leave it out: 'columns: {\"tags\": ignore}'");
    CHECK(said("path: nested.parquet, target: y, columns: {tags: ignore, at: ignore}") == "");
    CHECK(said("path: nested.parquet, target: y, columns: {tag: ignore, at: ignore}")
              .find("column 'tags.list.element': its cells are lists") != std::string::npos);
    CHECK(said("path: nested.parquet, target: y, columns: {tags.list.element: ignore, at.x: ignore}") == "");
    CHECK(said("path: bytes.parquet, target: n") ==
          "error: DIR/bytes.parquet: data.train: column 'b': it holds bytes that are no text" + named +
              "\n  help: leave it out: 'columns: {\"b\": ignore}'");
  }
  CHECK(said("path: brotli.parquet, target: n") ==
        "error: DIR/brotli.parquet: data.train: column 'n': it is compressed by brotli, which is not read here" +
            named + "\n  help: save it with 'compression=\"gzip\"'");
  CHECK(said("path: empty.parquet, target: long") == "error: DIR/empty.parquet: data.train: it has no rows" + named);
  CHECK(said("path: t.parquet, target: n") ==
        "error: DIR/t.parquet: data.train: expected a Parquet file, which begins and ends with 'PAR1'" + named);
  CHECK(said("path: t2.parquet, target: n") ==
        "error: DIR/t2.parquet: data.train: it does not end with 'PAR1': it is not whole" + named +
            "\n  help: get the file again");
}

TEST_CASE("a Parquet file that is cut or has other bytes is an error or a table, and nothing else") {
  const Folder folder;
  for (const std::string name : {"plain", "snappy", "zstd_v2", "gzip", "lz4", "deltas", "nested"}) {
    if (!block_codec(parquet_codec_of(name))) continue;
    const std::string whole = read_file(parquet_file(name), 1 << 20);
    int refused = 0;
    for (uint64_t i = 0; i < 600; ++i) {
      std::string bytes = whole;
      const uint64_t from_end = i % 2 ? bytes.size() / 3 : bytes.size();  // the footer is a third, and matters most
      const auto place = [&](uint64_t k) { return bytes.size() - 1 - random_bits(7, k, i) % from_end; };
      if (i % 10 == 9)
        bytes.erase(place(1), random_bits(7, 2, i) % 40);
      else
        for (uint64_t k = 0; k <= i % 3; ++k) bytes[place(3 + k)] = static_cast<char>(random_bits(8, k, i));
      folder.write("t.parquet", bytes);
      refused += error_text([&] { read_parquet(folder / "t.parquet", all_columns); }) != "";
    }
    CHECK(refused > 100);
  }
}

TEST_CASE("columns that only folders of a partitioned table say are told") {
  const Folder folder;
  for (const std::string year : {"2023", "2024"}) {
    std::filesystem::create_directories(folder / ("t/year=" + year));
    folder.write("t/year=" + year + "/p.jsonl", "{\"a\": 1, \"y\": 0}\n{\"a\": 2, \"y\": 1}\n");
  }
  const auto opened = open("{train: {format: json_lines, path: 't/*/p.jsonl', target: y}}", folder.path);
  REQUIRE(opened->problems == "");
  CHECK(opened->sets.train->size() == 4);
  CHECK(warnings(folder, *opened->sets.train) ==
        "DIR/t/year=2023/p.jsonl: the folder 'year=2023' says a column 'year' that the file has not: it is not read\n"
        "  help: write it into the files if it is to be one\n");
}

TEST_CASE("a pattern stands for all files of its names, in order, as one table") {
  const Folder folder;
  folder.write("part-2.csv", "a,y\n3,0\n4,1\n");
  folder.write("part-1.csv", "a,y\n1,0\n2,1\n");
  folder.write("part-1.jsonl", "{\"a\": 1, \"y\": 0}\n{\"a\": 2, \"y\": 1}\n");
  folder.write("part-2.jsonl", "{\"a\": 3, \"y\": 0}\n");
  folder.write("other-1.csv", "a,y\n1,0\n");
  folder.write("other-2.csv", "a,b\n1,0\n");
  const auto train = [&](const std::string& keys) {
    return open("{train: {" + keys + ", target: {column: y, as: value, normalize: none}, normalize: none}}",
                folder.path);
  };
  for (const std::string format : {"csv", "json_lines"}) {
    const auto table = train("format: " + format + ", path: 'part-?." + (format == "csv" ? "csv" : "jsonl") + "'");
    CHECK(table->problems == "");
    for (int64_t i = 0; i < table->sets.train->size(); ++i)
      CHECK(floats(sample(*table->sets.train, i)[0]) == std::vector<float>{float(i + 1)});
    CHECK(table->sets.train->size() == (format == "csv" ? 4 : 3));
  }
  folder.write("part-10.csv", "a,y\n5,0\n");
  const auto numbered = train("format: csv, path: 'part-*.csv'");
  REQUIRE(numbered->problems == "");
  CHECK(floats(sample(*numbered->sets.train, 4)[0]) == std::vector<float>{5});  // 10 comes behind 2
  CHECK(train("format: csv, path: 'other-*.csv'")->problems ==
        "error: DIR/other-2.csv:1:1: data.train: expected the columns of DIR/other-1.csv: a, y; found a, b\n"
        "  named in DIR/run.yaml:1:9\n  help: give all files the same columns in one order, or leave this one out");
  CHECK(train("format: csv, path: 'none-*.csv'")->problems.find("no file is 'none-*.csv'; looked in DIR") !=
        std::string::npos);
}
