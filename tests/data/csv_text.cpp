// CSV as text: quotes, line ends, blanks, comments, and what is no CSV.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/csv_text.h"

#include <doctest/doctest.h>

#include <optional>
#include <random>

#include "lib/base/text.h"

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

using TextRows = std::vector<std::vector<std::string>>;

TextRows rows_of(const CsvText& text) {
  TextRows rows(static_cast<size_t>(text.rows()));
  for (int64_t r = 0; r < text.rows(); ++r)
    for (int64_t c = 0; c < text.columns(); ++c) rows[static_cast<size_t>(r)].emplace_back(text.cell(r, c));
  return rows;
}

// The header's names as the first row, if there is one.
TextRows recognised(const std::string& bytes, CsvForm form = {}) {
  Folder folder;
  folder.write("a.csv", bytes);
  const CsvText text(folder / "a.csv", form);
  TextRows rows = rows_of(text);
  if (text.has_header()) rows.insert(rows.begin(), {"HEADER"}), rows.insert(rows.begin() + 1, text.names());
  return rows;
}

TextRows read(const std::string& bytes, CsvForm form = {.header = false}) {
  Folder folder;
  folder.write("a.csv", bytes);
  return rows_of(CsvText(folder / "a.csv", form));
}

std::string said(const std::string& bytes, CsvForm form = {.header = false}) {
  Folder folder;
  folder.write("a.csv", bytes);
  return error_text(folder, [&] { CsvText(folder / "a.csv", form); });
}

}  // namespace

TEST_CASE("rows end with either line end, the last with none too, and empty lines are passed over") {
  const TextRows expected{{"a", "b"}, {"1", "2"}};
  CHECK(read("a,b\n1,2\n") == expected);
  CHECK(read("a,b\r\n1,2\r\n") == expected);
  CHECK(read("a,b\n1,2") == expected);
  CHECK(read("a,b\r1,2\r") == expected);
  CHECK(read("a,b\r\r\n1,\"2\"\r\r\n") == expected);
  CHECK(read("\n a,b\n\n \t\r\n1,2\n\n") == expected);
  CHECK(read("\xEF\xBB\xBF"
             "a,b\n1,2\n") == expected);
  CHECK(read(gzip("a,b\n1,2\n")) == expected);
}

TEST_CASE("a quoted cell holds delimiters, line ends and quotes") {
  CHECK(read("\"a,b\",\"c\"\"d\"\n\"e\nf\",\"\"\n") == TextRows{{"a,b", "c\"d"}, {"e\nf", ""}});
  CHECK(read("\"a\" , \"b \"\r\n\"\"\"\",c\"d\n") == TextRows{{"a", "b "}, {"\"", "c\"d"}});
}

TEST_CASE("blanks around cells are trimmed unless they are wanted") {
  CHECK(read("39, State-gov ,x y\n") == TextRows{{"39", "State-gov", "x y"}});
  CHECK(read("39, State-gov \n", {.header = false, .trim = false}) == TextRows{{"39", " State-gov "}});
  CHECK(read("a\t\tb\n", {.delimiter = '\t', .header = false}) == TextRows{{"a", "", "b"}});
}

TEST_CASE("lines to skip, comments and the header are no rows") {
  Folder folder;
  folder.write("a.csv", "made today\n|comment\nx,y\n1,2\n| 3,4\n5,6\n");
  const CsvText text(folder / "a.csv", {.skip = 1, .comment = "|"});
  CHECK(text.names() == std::vector<std::string>{"x", "y"});
  CHECK(rows_of(text) == TextRows{{"1", "2"}, {"5", "6"}});
}

TEST_CASE("a cell knows its line and column, behind quoted line ends too") {
  Folder folder;
  folder.write("a.csv", "x,y\n\"a\"\"\n\",2\n3,  4\n");
  const CsvText text(folder / "a.csv", {});
  CHECK(text.where(0, 0).line == 2);
  CHECK(text.where(0, 0).column == 2);
  CHECK(text.where(0, 1).line == 3);
  CHECK(text.where(1, 1).line == 4);
  CHECK(text.where(1, 1).column == 5);
}

TEST_CASE("the places of all cells of a long file are told at once") {
  Folder folder;
  std::string bytes = "name,y\n";
  constexpr int rows = 200'000;  // of which looking at all that stands before each would take minutes
  for (int row = 0; row < rows; ++row) bytes += concat("row ", row, ",\"", row % 7, "\"\n");
  folder.write("a.csv", bytes);
  const CsvText text(folder / "a.csv", {});
  int line = 2;
  bool good = text.rows() == rows;
  for (int row = 0; good && row < rows; ++row, ++line) {
    const Where name = text.where(row, 0), y = text.where(row, 1);
    good = name.line == line && name.column == 1 && y.line == line && y.column == 7 + int(std::to_string(row).size());
  }
  CHECK_MESSAGE(good, line);
}

TEST_CASE("what is no CSV is told with its place") {
  CHECK(said("a,b\n1,2,3\n") ==
        "error: DIR/a.csv:2:1: expected 2 cells as in the first row, found 3\n"
        "  help: mend the line: a cell that holds the delimiter stands in double quotes");
  CHECK(said("a;b,c\n1;2\n", {.delimiter = ',', .header = false}) ==
        "error: DIR/a.csv:2:1: expected 2 cells as in the first row, found 1\n"
        "  help: write 'delimiter' as the file has it, or take the lines out that are no rows");
  CHECK(said("a,\"b\nc,d\n") ==
        "error: DIR/a.csv:1:3: expected a closing quote, found none to the file's end\n  help: close the quote");
  CHECK(said("a,\"b\"c\n") ==
        "error: DIR/a.csv:1:6: expected a delimiter or the line's end after a closing quote\n"
        "  help: write a quote inside quotes twice: \"\"");
  CHECK(said("a,\xE9\n") ==
        "error: DIR/a.csv:1:3: expected UTF-8, found other bytes\n"
        "  help: save as a.utf8.csv what this prints: iconv -f WINDOWS-1252 -t UTF-8 a.csv");
  CHECK(said("a,\x81\xE9\n") ==
        "error: DIR/a.csv:1:3: expected UTF-8, found other bytes\n"
        "  help: save as a.utf8.csv what this prints: iconv -f LATIN1 -t UTF-8 a.csv");
  using namespace std::string_literals;
  CHECK(said("\xFF\xFE" + "a\0,\0b\0\n\0"s) ==
        "error: DIR/a.csv:1:1: expected UTF-8, found other bytes\n"
        "  help: save as a.utf8.csv what this prints: iconv -f UTF-16 -t UTF-8 a.csv");
  CHECK(said("a\0,\0b\0\n\0"s) ==
        "error: DIR/a.csv:1:2: expected text, found a zero byte\n"
        "  help: save as a.utf8.csv what this prints: iconv -f UTF-16LE -t UTF-8 a.csv");
  CHECK(said("a,b\n1,2\0\n"s) ==
        "error: DIR/a.csv:2:4: expected text, found a zero byte\n"
        "  help: save as a.utf8.csv what this prints: tr -d '\\000' < a.csv");
  CHECK(said("{\"a\": 1, \"y\": 2}\n{\"a\": 3, \"y\": 4}\n") ==
        "error: DIR/a.csv:1:1: expected cells, found an object of JSON\n  help: write 'format: json_lines'");
  CHECK(said("PAR1\x15\0"s) ==
        "error: DIR/a.csv: expected text, found a Parquet file\n  help: write 'format: parquet'");
  CHECK(said("PK\x03\x04\x14\0"s) ==
        "error: DIR/a.csv: expected text, found a zip archive\n  help: unzip it: unzip a.csv");
  CHECK(said("\3757zXZ\0"s) == "error: DIR/a.csv: expected text, found an xz file\n  help: decompress it: unxz a.csv");
  CHECK(said("\x89PNG\r\n\x1A\n\0\0\0\rIHDR"s) ==
        "error: DIR/a.csv:1:1: expected UTF-8, found other bytes\n  help: name a file of text");
  CHECK(said("") == "error: DIR/a.csv: expected rows, the file has none");
  CHECK(said("a,b\n", {}) == "error: DIR/a.csv: expected rows, the file has none");
  CHECK(said("a,b\n", {.skip = 9}) == "error: DIR/a.csv: expected rows, the file has none");
}

TEST_CASE("the delimiter is the one that cuts the first lines alike, and leaves the most numbers") {
  const TextRows expected{{"1.5", "b"}, {"2", "c"}};
  for (const std::string delimiter : {",", ";", "\t", "|"})
    CHECK_MESSAGE(read("1.5" + delimiter + "b\n2" + delimiter + "c\n") == expected, delimiter);
  CHECK(read("12,50;3,20\n1,00;4,5\n") == TextRows{{"12,50", "3,20"}, {"1,00", "4,5"}});
  CHECK(read("a b, 1\nc d, 2\n") == TextRows{{"a b", "1"}, {"c d", "2"}});
  CHECK(read("\"a;b\",1\n\"c\",2\n") == TextRows{{"a;b", "1"}, {"c", "2"}});
  CHECK(read("sep=|\na|1,5\n") == TextRows{{"a", "1,5"}});
  CHECK(read("  1   2.5\t3 \n 4 5 6\r\n") == TextRows{{"1", "2.5", "3"}, {"4", "5", "6"}});
  CHECK(read("two words\nand two\n") == TextRows{{"two words"}, {"and two"}});
  CHECK(read("one\ntwo\n") == TextRows{{"one"}, {"two"}});
}

TEST_CASE("the first row is a header where it has text above numbers, or no cell of it comes again") {
  CHECK(recognised("a,b\n1,x\n2,y\n") == TextRows{{"HEADER"}, {"a", "b"}, {"1", "x"}, {"2", "y"}});
  CHECK(recognised("1,x\n2,y\n") == TextRows{{"1", "x"}, {"2", "y"}});
  CHECK(recognised("NA,1,x\n2,3,y\n") == TextRows{{"NA", "1", "x"}, {"2", "3", "y"}});
  CHECK(recognised("kind,town\nx,Oslo\n") == TextRows{{"HEADER"}, {"kind", "town"}, {"x", "Oslo"}});
  CHECK(recognised("x,Bern\nx,Oslo\n") == TextRows{{"x", "Bern"}, {"x", "Oslo"}});
  CHECK(recognised("x,Bern\ny,Oslo\n", {.names = {"kind", "town"}}) == TextRows{{"x", "Bern"}, {"y", "Oslo"}});
  CHECK(recognised("town,kind\nx,Oslo\n", {.names = {"kind", "town"}}) ==
        TextRows{{"HEADER"}, {"town", "kind"}, {"x", "Oslo"}});
  CHECK(recognised("id,2019,2020\nx,1,2\n", {.header = true}) ==
        TextRows{{"HEADER"}, {"id", "2019", "2020"}, {"x", "1", "2"}});
}

TEST_CASE("rows may have one cell more than the header: rows' names, or nothing behind a last delimiter") {
  CHECK(recognised("a,b\nr1,1,2\nr2,3,4\n") ==
        TextRows{{"HEADER"}, {"", "a", "b"}, {"r1", "1", "2"}, {"r2", "3", "4"}});
  CHECK(recognised("a,b\n1,2,\n3,4,\n") == TextRows{{"HEADER"}, {"a", "b"}, {"1", "2"}, {"3", "4"}});
  CHECK(recognised("a,b,\n1,2,\n3,4,\n") == TextRows{{"HEADER"}, {"a", "b"}, {"1", "2"}, {"3", "4"}});
  CHECK(said("a,b\nr1,1,2\n3,4\n", {}) ==
        "error: DIR/a.csv:3:1: expected 3 cells as in the row before, found 2\n"
        "  help: mend the line: a cell that holds the delimiter stands in double quotes");
}

TEST_CASE("the first rows of a file are read however many cells they have") {
  Folder folder;
  folder.write("a.csv", "made today\n\na,b\n1,2\n");
  CHECK(CsvText::first_rows(folder / "a.csv", {.delimiter = ','}, 2) == TextRows{{"made today"}, {"a", "b"}});
  CHECK(CsvText::first_rows(folder / "a.csv", {.skip = 1}, 9) == TextRows{{"a", "b"}, {"1", "2"}});
}

namespace {

// RFC 4180 as plainly as can be: rows of cells, or nothing where the text is not of that form.
std::optional<TextRows> plain_csv(const std::string& text, char delimiter) {
  TextRows rows;
  for (size_t at = 0; at < text.size();) {
    std::vector<std::string> row;
    const size_t line = at;
    while (true) {
      std::string cell;
      if (at < text.size() && text[at] == '"') {
        for (++at;; ++at) {
          if (at >= text.size()) return {};
          if (text[at] == '"' && (at + 1 >= text.size() || text[at + 1] != '"')) break;
          if (text[at] == '"') ++at;
          cell += text[at];
        }
        ++at;
        const size_t behind = std::min(text.find_first_not_of('\r', at), text.size());
        if (behind == text.size() || text[behind] == '\n') at = behind;
      } else {
        while (at < text.size() && text[at] != delimiter && text[at] != '\n') cell += text[at++];
        while ((at == text.size() || text[at] == '\n') && cell.ends_with('\r')) cell.pop_back();
      }
      row.push_back(cell);
      if (at >= text.size() || text[at] == '\n') break;
      if (text[at] != delimiter) return {};
      ++at;
    }
    const bool is_empty = trim(text.substr(line, at - line)).empty();  // quotes are a cell
    ++at;
    if (!is_empty) rows.push_back(row);
  }
  for (const auto& row : rows)
    if (row.size() != rows[0].size()) return {};
  return rows;
}

}  // namespace

TEST_CASE("cells are those of a plain reader, whatever is written") {
  std::mt19937 random(4);
  const std::string letters = "ab1.,;\"\n\r ";
  int64_t compared = 0;
  for (int i = 0; i < 4000; ++i) {
    // Half of them well-formed, then changed in a place or two.
    std::string bytes;
    const size_t columns = 1 + random() % 4;
    for (uint32_t row = random() % 6; row > 0; --row)
      for (size_t c = 0; c < columns; ++c) {
        const char* const cells[] = {"a", "1.5", "", "\"b,\"\"c\n\"", "x y", "\"\""};
        bytes += cells[random() % 6];
        bytes += c + 1 < columns ? "," : random() % 4 ? "\n" : "\r\n";
      }
    for (uint32_t n = random() % 3; n > 0 && !bytes.empty(); --n)
      bytes[random() % bytes.size()] = letters[random() % letters.size()];
    if (bytes.find_first_of("\t") != std::string::npos) continue;
    if (bytes.find('\n') == std::string::npos) continue;  // a \r ends a line then
    const auto expected = plain_csv(bytes, ',');
    if (!expected || expected->empty()) continue;
    // A line of blanks alone is passed over here, and is a row of one cell there.
    if (expected->at(0).size() == 1) continue;
    Folder folder;
    folder.write("a.csv", bytes);
    const std::string problem = error_text(folder, [&] {
      CHECK_MESSAGE(rows_of(CsvText(folder / "a.csv", {.delimiter = ',', .header = false, .trim = false})) == *expected,
                    bytes);
    });
    CHECK_MESSAGE(problem == "", bytes);
    ++compared;
  }
  CHECK(compared > 1000);
}

TEST_CASE("whatever the bytes, reading them ends with rows or an error") {
  std::mt19937 random(1);
  const std::string letters = "a1,\"\n\r \t|;";
  for (int i = 0; i < 3000; ++i) {
    std::string bytes;
    for (uint32_t n = random() % 40; n > 0; --n) bytes += letters[random() % letters.size()];
    Folder folder;
    folder.write("a.csv", bytes);
    error_text(folder, [&] {
      const CsvText text(folder / "a.csv", {.delimiter = i % 7 ? std::nullopt : std::optional(' '),
                                            .header = i % 2 ? std::nullopt : std::optional(i % 4 == 0),
                                            .trim = i % 3 == 0,
                                            .comment = i % 5 ? "" : "|"});
      for (const auto& row : rows_of(text)) CHECK(static_cast<int64_t>(row.size()) == text.columns());
      CHECK(text.where(text.rows() - 1, text.columns() - 1).line >= text.rows());
    });
  }
}

namespace {

// Some megabytes of rows with blank lines, comments, both line ends and blanks around cells among them.
std::string many_lines(int64_t rows) {
  std::mt19937 random(7);
  std::string text = "a,b,c\n";
  for (int64_t i = 0; i < rows; ++i) {
    const auto r = random();
    text += concat(i, r % 3 == 0 ? " ," : ",", r % 1000, ",word ", r % 7, r % 5 == 0 ? "\r\n" : "\n");
    if (r % 101 == 0) text += r % 2 ? "\n" : "# a note, and more\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a large file that several threads read has the cells that one finds, of any number of rows") {
  for (const int64_t rows : {299'999, 300'000, 300'007}) {
    const std::string text = many_lines(rows);
    REQUIRE(text.size() > 5 << 20);
    const CsvForm form{.header = true, .comment = "#"};
    const TextRows found = read(text, form);
    CHECK(std::ssize(found) == rows);
    TextRows expected = read(text + "\"last\",0,0\n", form);  // a quoted cell is for one thread
    REQUIRE(expected.back()[0] == "last");
    expected.pop_back();
    CHECK(found == expected);
    CHECK(read(text.substr(0, text.size() - 1), form) == expected);  // no line end at the end
  }
}

TEST_CASE("of several rows that are too long or too short in a large file the first is told") {
  const std::string text = many_lines(300'000);
  for (const size_t share : {10, 60, 99}) {
    std::string bad = text;
    const size_t at = bad.find('\n', bad.size() * share / 100) + 1;
    bad.insert(at, "1,2,3,4\n");
    bad += "1\n";
    const int64_t line = std::count(bad.begin(), bad.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
    CHECK(said(bad, {.header = true, .comment = "#"})
              .starts_with(concat("error: DIR/a.csv:", line, ":1: expected 3 cells as in the first row, found 4")));
  }
}
