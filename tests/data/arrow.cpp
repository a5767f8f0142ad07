// Tables of Arrow's files and streams that pyarrow wrote (tests/data/columnar/make.py), and of such that are damaged.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/arrow_table.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "lib/base/file.h"
#include "lib/base/random.h"
#include "lib/data/file/block_codec.h"
#include "tests/data/sets_for_test.h"
#include "tests/error_text.h"
#include "tests/paths.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::filesystem::path arrow_file(const std::string& name) {
  return std::filesystem::path(source_dir()) / "tests/data/columnar" / name;
}

bool arrow_is_read(const std::string& name) {
  return (name != "lz4.feather" || block_codec("lz4_frame")) && (name != "zstd.feather" || block_codec("zstd"));
}

const auto every_column = [](const std::string&) { return true; };

}  // namespace

TEST_CASE("cells of Feather files and streams are those that pyarrow wrote, plain and by a dictionary") {
  const auto expected = nlohmann::json::parse(read_file(arrow_file("cells.json"), 1 << 20));
  for (const std::string name : {"whole.feather", "lz4.feather", "zstd.feather", "stream.arrows"}) {
    if (!arrow_is_read(name)) continue;
    CAPTURE(name);
    const auto table = read_arrow(arrow_file(name), every_column);
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

TEST_CASE("numbers of few bits, texts of large offsets and columns behind nested ones are read") {
  const auto table = read_arrow(arrow_file("more.feather"),
                                [](const std::string& column) { return column != "tags" && column != "at"; });
  const std::vector<std::vector<std::string>> rows{{"1", "0.5", "a", "", "", "", "00:00:00", "0.5"},
                                                   {"2", "-2", "", "", "", "", "23:59:59", "1.5"}};
  REQUIRE(table->columns() == 8);
  for (size_t row = 0; row < rows.size(); ++row)
    for (size_t c = 0; c < rows[row].size(); ++c) CHECK(table->cell(int64_t(row), int64_t(c)) == rows[row][c]);
}

TEST_CASE("texts of views are read, behind columns of types that are none of a table") {
  const auto reads = [](const std::string& column) { return column == "text" || column == "y"; };
  for (const std::string name : {"views.feather", "views_lz4.feather"}) {
    if (name == "views_lz4.feather" && !block_codec("lz4_frame")) continue;
    const auto table = read_arrow(arrow_file(name), reads);
    REQUIRE(table->rows() == 4);
    const std::vector<std::string> texts{"", "exactly 12 b", "thirteen byte", "São Paulo, with more behind it"};
    for (int64_t row = 0; row < 4; ++row) {
      CHECK(table->cell(row, 4) == texts[static_cast<size_t>(row)]);
      CHECK(table->cell(row, 5) == concat(row, ".5"));
    }
  }
  const auto said = [](const std::string& read) {
    return error_text(
        [&] { read_arrow(arrow_file("views.feather"), [&](const std::string& column) { return column == read; }); });
  };
  CHECK(said("skipped") == "");
  CHECK(said("span").find("column 'span': its cells are intervals, which are no cells of a table") !=
        std::string::npos);
  CHECK(said("either").find("column 'either': its cells are of several types, which are no") != std::string::npos);
  CHECK(said("run").find("column 'run': its cells are runs, which are no cells of a table") != std::string::npos);
}

TEST_CASE("a Feather file is a data set, and says what of it is none") {
  const Folder folder;
  for (const std::string name : {"whole.feather", "more.feather"})
    std::filesystem::copy(arrow_file(name), folder.path / name);
  folder.write("t.feather", "not one");
  const auto opened = open(
      "{train: {format: feather, path: more.feather, target: {column: y, normalize: none}, normalize: none, columns: "
      "{tags: ignore, at: ignore, none: ignore, large: ignore, second: ignore}}}",
      folder.path);
  CHECK(opened->problems == "");
  CHECK(floats(sample(*opened->sets.train, 1)[0]) == std::vector<float>{2, -2});
  const auto said = [&](const std::string& keys) {
    return open("{train: {format: feather, " + keys + "}}", folder.path)->problems;
  };
  CHECK(said("path: more.feather, target: y") ==
        "error: DIR/more.feather: data.train: column 'tags': its cells are lists, which are no cells of a table\n"
        "  named in DIR/run.yaml:1:9\n  help: leave it out: 'columns: {\"tags\": ignore}'");
  CHECK(said("path: t.feather, target: y") ==
        "error: DIR/t.feather: data.train: expected a file of Arrow's format, which begins with a schema\n"
        "  named in DIR/run.yaml:1:9");
  folder.write("t.feather", "FEA1 and so on");
  CHECK(said("path: t.feather, target: y") ==
        "error: DIR/t.feather: data.train: expected the second version of Feather, found the first\n"
        "  named in DIR/run.yaml:1:9\n  help: save it by pandas' to_feather, without 'version'");
}

TEST_CASE("an Arrow file that ends within its first bytes is none") {
  const std::string whole = read_file(arrow_file("whole.feather"), 1 << 20);
  const Folder folder;
  for (size_t bytes = 0; bytes <= 16; ++bytes) {
    CAPTURE(bytes);
    folder.write("t.feather", whole.substr(0, bytes));
    CHECK(error_text([&] { read_arrow(folder / "t.feather", every_column); }) != "");
  }
}

TEST_CASE("an Arrow file that is cut or has other bytes is an error or a table, and nothing else") {
  const Folder folder;
  for (const std::string name :
       {"whole.feather", "lz4.feather", "zstd.feather", "stream.arrows", "more.feather", "views.feather"}) {
    if (!arrow_is_read(name)) continue;
    const std::string whole = read_file(arrow_file(name), 1 << 20);
    int refused = 0;
    for (uint64_t i = 0; i < 600; ++i) {
      std::string bytes = whole;
      const auto place = [&](uint64_t k) { return random_bits(9, k, i) % bytes.size(); };
      if (i % 10 == 9)
        bytes.erase(place(1), random_bits(9, 2, i) % 40);
      else
        for (uint64_t k = 0; k <= i % 3; ++k) bytes[place(3 + k)] = static_cast<char>(random_bits(10, k, i));
      folder.write("t.feather", bytes);
      refused += error_text([&] { read_arrow(folder / "t.feather", every_column); }) != "";
    }
    CHECK(refused > 50);
  }
}
