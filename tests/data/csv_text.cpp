// CSV as text: quotes, line ends, blanks, comments, and what is no CSV.
#include "lib/data/csv_text.h"

#include <doctest/doctest.h>

#include <random>

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(const CsvText& text) {
  Rows rows(static_cast<size_t>(text.rows()));
  for (int64_t r = 0; r < text.rows(); ++r)
    for (int64_t c = 0; c < text.columns(); ++c) rows[static_cast<size_t>(r)].emplace_back(text.cell(r, c));
  return rows;
}

Rows read(const std::string& bytes, CsvForm form = {.header = false}) {
  FolderForTest folder;
  folder.write("a.csv", bytes);
  return rows_of(CsvText(folder / "a.csv", form));
}

std::string said(const std::string& bytes, CsvForm form = {.header = false}) {
  FolderForTest folder;
  folder.write("a.csv", bytes);
  return told(folder, [&] { CsvText(folder / "a.csv", form); });
}

}  // namespace

TEST_CASE("rows end with either line end, the last with none too, and empty lines are passed over") {
  const Rows expected{{"a", "b"}, {"1", "2"}};
  CHECK(read("a,b\n1,2\n") == expected);
  CHECK(read("a,b\r\n1,2\r\n") == expected);
  CHECK(read("a,b\n1,2") == expected);
  CHECK(read("\n a,b\n\n \t\r\n1,2\n\n") == expected);
  CHECK(read("\xEF\xBB\xBF"
             "a,b\n1,2\n") == expected);
  CHECK(read(gzip("a,b\n1,2\n")) == expected);
}

TEST_CASE("a quoted cell holds delimiters, line ends and quotes") {
  CHECK(read("\"a,b\",\"c\"\"d\"\n\"e\nf\",\"\"\n") == Rows{{"a,b", "c\"d"}, {"e\nf", ""}});
  CHECK(read("\"a\" , \"b \"\r\n\"\"\"\",c\"d\n") == Rows{{"a", "b "}, {"\"", "c\"d"}});
}

TEST_CASE("blanks around cells are trimmed unless they are wanted") {
  CHECK(read("39, State-gov ,x y\n") == Rows{{"39", "State-gov", "x y"}});
  CHECK(read("39, State-gov \n", {.header = false, .trim = false}) == Rows{{"39", " State-gov "}});
  CHECK(read("a\t\tb\n", {.delimiter = '\t', .header = false}) == Rows{{"a", "", "b"}});
}

TEST_CASE("lines to skip, comments and the header are no rows") {
  FolderForTest folder;
  folder.write("a.csv", "made today\n|comment\nx,y\n1,2\n| 3,4\n5,6\n");
  const CsvText text(folder / "a.csv", {.skip = 1, .comment = "|"});
  CHECK(text.names() == std::vector<std::string>{"x", "y"});
  CHECK(rows_of(text) == Rows{{"1", "2"}, {"5", "6"}});
}

TEST_CASE("a cell knows its line and column, behind quoted line ends too") {
  FolderForTest folder;
  folder.write("a.csv", "x,y\n\"a\"\"\n\",2\n3,  4\n");
  const CsvText text(folder / "a.csv", {});
  CHECK(text.where(0, 0).line == 2);
  CHECK(text.where(0, 0).column == 2);
  CHECK(text.where(0, 1).line == 3);
  CHECK(text.where(1, 1).line == 4);
  CHECK(text.where(1, 1).column == 5);
}

TEST_CASE("what is no CSV is told with its place") {
  CHECK(said("a,b\n1,2,3\n") == "error: DIR/a.csv:2:1: expected 2 cells as in the first row, found 3");
  CHECK(said("a;b,c\n1;2\n") ==
        "error: DIR/a.csv:2:1: expected 2 cells as in the first row, found 1\n"
        "  help: write 'delimiter' as the file has it");
  CHECK(said("a,\"b\nc,d\n") ==
        "error: DIR/a.csv:1:3: expected a closing quote, found none to the file's end\n  help: close the quote");
  CHECK(said("a,\"b\"c\n") ==
        "error: DIR/a.csv:1:6: expected a delimiter or the line's end after a closing quote\n"
        "  help: write a quote inside quotes twice: \"\"");
  CHECK(said("a,\xFF\n") ==
        "error: DIR/a.csv:1:3: expected UTF-8, found other bytes\n  help: convert the file: iconv -t UTF-8");
  CHECK(said("") == "error: DIR/a.csv: expected rows, the file has none");
  CHECK(said("a,b\n", {}) == "error: DIR/a.csv: expected rows, the file has none");
  CHECK(said("a,b\n", {.skip = 9}) == "error: DIR/a.csv: expected rows, the file has none");
}

TEST_CASE("whatever the bytes, reading them ends with rows or an error") {
  std::mt19937 random(1);
  const std::string letters = "a1,\"\n\r \t|;";
  for (int i = 0; i < 3000; ++i) {
    std::string bytes;
    for (uint32_t n = random() % 40; n > 0; --n) bytes += letters[random() % letters.size()];
    FolderForTest folder;
    folder.write("a.csv", bytes);
    told(folder, [&] {
      const CsvText text(folder / "a.csv", {.header = i % 2 == 0, .trim = i % 3 == 0, .comment = i % 5 ? "" : "|"});
      for (const auto& row : rows_of(text)) CHECK(static_cast<int64_t>(row.size()) == text.columns());
      CHECK(text.where(text.rows() - 1, text.columns() - 1).line >= text.rows());
    });
  }
}
