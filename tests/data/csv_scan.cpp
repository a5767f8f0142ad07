// Cells kept as they are read, by chunks on several threads, beside the same file's text.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/csv_scan.h"

#include <doctest/doctest.h>

#include <bit>
#include <random>

#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/fit.h"
#include "lib/data/table/csv_text.h"
#include "lib/data/table/table.h"
#include "lib/spec/yaml.h"

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

// What the cells of a column are like, one after another: a few, or now and then another.
const std::vector<std::vector<std::string>> kinds{
    {"12.5", "-0.0625", "3.1416", "-99.9999", "100.0000", "0.0000", "-0.0000", ".5", "7."},
    {"1", "20", "-300", "4000000", "2147352575", "2147483647", "-2147483648", "007"},
    {"0", "1"},
    {"Oslo", "Bern", "Rome", "a town of a long name", "Zürich", "x"},
    {"1", "2", "NA", "", "?", "-", "3"},
    {"1e5", "-1E-3", "2.5e+2", "1e400", "1e-400", "inf", "-inf", "infinity", "nan", "NaN"},
    {"3.14159265358979323846", "12345678901234567890", "0.1000000000000000055511151231257827", "9007199254740993"},
    {"+1", "+2.5", "+-3", "++4", "0x1F", "0b1", "1_000", "1,5", "--1", "1.2.3", "1-2", "."},
    {"\"q\"", "\"a,b\"", "\"say \"\"yes\"\"\"", "\"12.5\"", "\"\"", "\" 7 \"", "\"two\nlines\"", "\"x\"  "},
    {" 1", "2 ", "\t3", "4\t ", " x y ", "  "},
    {"-999", "-999.0", "5", "12"},
    {"12%", "13.5%", "1 %"},
};

std::string cell(std::mt19937& random, size_t kind) {
  if (random() % 211 == 0) kind = random() % kinds.size();
  if (random() % 5 == 0 && kind < 2) return number_text(static_cast<double>(random() % 100'000) / (kind ? 1 : 1000));
  return kinds[kind][random() % kinds[kind].size()];
}

// A file of rows that are mostly alike, with blank lines, comments, both line ends and, now and then, a mistake.
std::string generated(std::mt19937& random) {
  std::string text = random() % 5 ? "" : "\xEF\xBB\xBF";
  const size_t columns = 1 + random() % 6;
  const uint32_t line_ends = random() % 3, oddities = random() % 3;
  std::vector<size_t> of(columns);
  for (size_t& kind : of) kind = random() % (random() % 3 ? 5 : kinds.size());
  if (random() % 2)
    for (size_t c = 0; c < columns; ++c) text += concat("c", c, c + 1 < columns ? "," : "\n");
  for (uint32_t row = 0, rows = 140 + random() % 300; row < rows; ++row) {
    if (row == 200 && random() % 3 == 0) of[random() % columns] = random() % kinds.size();
    const size_t cells = oddities == 2 && random() % 3000 == 0 ? columns + 1 : columns;
    for (size_t c = 0; c < cells; ++c) text += (c ? "," : "") + cell(random, of[c % columns]);
    text += line_ends == 0 || (line_ends == 1 && random() % 2) ? "\n" : row % 7 ? "\r\n" : "\r\r\n";
    if (oddities > 0 && random() % 50 == 0) text += random() % 2 ? "\n" : " \t\r\n";
    if (oddities > 0 && random() % 50 == 0) text += "# a \"note, and more\n";
    if (oddities == 2 && random() % 5000 == 0) text += random() % 2 ? std::string(1, '\0') : "\xFF";
  }
  if (random() % 3 == 0) text.pop_back();
  return text;
}

CsvForm form_of(std::mt19937& random) {
  return {.delimiter = random() % 4 ? std::optional(',') : std::nullopt,
          .header = random() % 2 ? std::nullopt : std::optional(random() % 2 == 0),
          .trim = random() % 3 > 0,
          .comment = random() % 2 ? "" : "#"};
}

CsvKeeping keeping(std::mt19937& random) {
  return {.words = {"-999", "x"},
          .least_bytes = 0,
          .chunk_bytes = 1 + random() % (random() % 2 ? 60 : 4000),
          .head_bytes = 1500 + random() % 3000,
          .threads = 1 + static_cast<int>(random() % 4)};
}

bool same(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

// Each kept cell is its text, or the number that it is.
void compare_cells(const CsvText& kept, const CsvText& text, int64_t& numbers, int64_t& words) {
  for (int64_t c = 0; c < text.columns(); ++c) {
    const KeptColumn* const column = kept.kept(c);
    std::vector<double> copied(static_cast<size_t>(text.rows()));
    if (column) column->copy_cells(0, copied);
    for (int64_t row = 0; row < text.rows(); ++row) {
      const std::string_view expected = text.cell(row, c);
      REQUIRE(kept.cell(row, c) == expected);
      if (!column) continue;
      REQUIRE(same(copied[static_cast<size_t>(row)], column->cell(row)));
      if (const std::string* const word = column->word(row)) {
        REQUIRE(*word == expected);
        ++words;
      } else {
        REQUIRE_MESSAGE(expected != "-999", "it is asked for as it is written");
        const auto number = cell_number(expected);
        REQUIRE_MESSAGE(number.has_value(), expected);
        REQUIRE_MESSAGE(same(*number, column->cell(row)), expected);
        ++numbers;
      }
    }
  }
}

}  // namespace

TEST_CASE("cells that are kept are those of the text, whatever is written and wherever chunks end") {
  std::mt19937 random(11);
  int64_t files = 0, refused = 0, numbers = 0, words = 0;
  for (int i = 0; i < 500; ++i) {
    Folder folder;
    const std::string bytes = generated(random);
    folder.write("a.csv", random() % 5 ? bytes : gzip(bytes));
    CsvForm form = form_of(random);
    std::unique_ptr<CsvText> text, kept;
    const std::string expected = error_text(folder, [&] { text = std::make_unique<CsvText>(folder / "a.csv", form); });
    form.keep = keeping(random);
    REQUIRE(error_text(folder, [&] { kept = std::make_unique<CsvText>(folder / "a.csv", form); }) == expected);
    refused += text == nullptr;
    if (!text) continue;
    REQUIRE(kept->rows() == text->rows());
    REQUIRE(kept->columns() == text->columns());
    REQUIRE(kept->names() == text->names());
    REQUIRE(kept->xxh64() == text->xxh64());
    for (const int64_t row : {int64_t{0}, text->rows() / 2, text->rows() - 1}) {
      CHECK(kept->where(row, text->columns() - 1).line == text->where(row, text->columns() - 1).line);
      CHECK(kept->where(row, 0).column == text->where(row, 0).column);
    }
    compare_cells(*kept, *text, numbers, words);
    files += kept->kept(0) != nullptr;
  }
  CHECK(files > 150);
  CHECK(refused > 20);
  CHECK(numbers > 20'000);
  CHECK(words > 20'000);
}

TEST_CASE("a quoted cell that goes on beyond a chunk is left to the reader of text") {
  std::string bytes = "a,b\n";
  for (int row = 0; row < 300; ++row) bytes += concat(row, ",\"", row % 50 ? "x" : "x\n1,2\ny", "\"\n");
  Folder folder;
  folder.write("a.csv", bytes);
  const CsvText text(folder / "a.csv", {});
  bool was_kept = false;
  for (uint64_t chunk = 1; chunk < 200; ++chunk) {
    const CsvText kept(folder / "a.csv",
                       {.keep = CsvKeeping{.least_bytes = 0, .chunk_bytes = 13 * chunk, .threads = 2}});
    was_kept |= kept.kept(0) != nullptr;
    REQUIRE(kept.rows() == 300);
    for (int64_t row = 0; row < 300; ++row) REQUIRE(kept.cell(row, 1) == text.cell(row, 1));
  }
  CHECK(was_kept);
}

TEST_CASE("numbers' text that is not kept is read again, and a file that has changed since is told") {
  std::string bytes = "a,b\n";
  for (int row = 0; row < 1000; ++row) bytes += concat(row, ".50,", row % 3, "\n");
  Folder folder;
  folder.write("a.csv", bytes);
  const CsvForm form{.keep = CsvKeeping{.least_bytes = 0, .head_bytes = 2000}};
  const CsvText kept(folder / "a.csv", form);
  REQUIRE(kept.kept(0) != nullptr);
  CHECK(kept.kept(0)->narrow != nullptr);
  CHECK(kept.cell(999, 0) == "999.50");
  const CsvText other(folder / "a.csv", form);
  folder.write("a.csv", bytes + "1,2\n");
  CHECK(other.cell(999, 1) == "0");
  CHECK(error_text(folder, [&] { (void)other.cell(999, 0); }) ==
        "error: DIR/a.csv: the file has changed since it was read\n  help: start again");
  CHECK(other.where(999, 0).line == 0);
}

TEST_CASE("a column leaves its narrow form where a number does not fit, and is given up where all its words differ") {
  std::string bytes = "narrow,wide,names,x\n";
  for (int row = 0; row < 90'000; ++row)
    bytes += concat(row % 100, ".5,", row < 60'000 ? concat(row % 900, ".25") : "0.12345678901", ",",
                    row < 5000 ? "few" : "name ", row < 5000 ? 0 : row, ",", row, "\n");
  Folder folder;
  folder.write("a.csv", bytes);
  const CsvText kept(folder / "a.csv", {.keep = CsvKeeping{.least_bytes = 0, .head_bytes = 20'000, .threads = 2}});
  REQUIRE(kept.kept(0) != nullptr);
  CHECK(kept.kept(0)->narrow != nullptr);
  REQUIRE(kept.kept(1) != nullptr);
  CHECK(kept.kept(1)->narrow == nullptr);
  CHECK(kept.kept(1)->cell(59'999) == 599.25);
  CHECK(kept.kept(1)->cell(60'000) == 0.12345678901);
  CHECK(kept.kept(2) == nullptr);
  CHECK(kept.cell(89'999, 2) == "name 89999");
  CHECK(kept.kept(3)->cell(89'999) == 89'999);
}

namespace {

// Some files' tables with a target, whose columns are told of in different ways.
const std::vector<std::string> specs{
    "target: c0",
    "target: {column: c0, as: class}",
    "target: {column: c0, as: value, normalize: minmax}\nnormalize: log\nimpute: median",
    "target: {column: c0, as: class, strip: \"5%\"}\nnormalize: none\nimpute: most_frequent\ncolumns: {c1: "
    "categorical}",
    "target: c0\nmissing: [\"-999\", NA, \"\", x]\nnormalize: minmax\nmin_count: 3",
    "target: c0\ndecimal: \",\"\ncolumns: {c1: {as: index, strip: \" 0\"}, c2: {strip: \"%\"}}",
};

// All that a table becomes: its fit, what is told, each sample's values; or the error.
std::string outcome(const Folder& folder, const CsvForm& form, const TableSpec& spec, bool every_second) {
  std::string told;
  const std::string error = error_text(folder, [&] {
    TableParts parts{.text = std::make_shared<CsvText>(folder / "a.csv", form), .spec = spec};
    parts.names = parts.text->names();
    const DatasetPointer table = make_table(std::move(parts));
    std::vector<int64_t> rows;
    for (int64_t row = 0; row < table->size(); row += 2) rows.push_back(row);
    const auto fittable = capability<Fittable>(*table);
    const Node fit = every_second ? fittable->fit(rows) : fit_all(*table);
    told += to_yaml(fit);
    for (const DatasetPointer& set : {fitted(table, fit), fittable->fitted(fit, rows)}) {
      for (const Problem& warning : set->warnings()) told += problem_text(warning) + "\n";
      for (int64_t i = 0; i < set->size(); ++i)
        for (const auto& field : sample(*set, i))
          told.append(reinterpret_cast<const char*>(field.data()), field.size());
      for (const ColumnSummary& column : table_columns(*set))
        told += concat(column.name, column.kind, column.missing, " ", column.least, column.most, column.mean,
                       column.kinds.size(), "\n");
      told += concat(set->fingerprint(), "\n");
    }
  });
  return replaced(told + error, {{folder.path.string(), "DIR"}});
}

}  // namespace

TEST_CASE("a table of kept cells becomes what its text becomes: fit, warnings, samples to the bit, errors") {
  std::mt19937 random(5);
  int64_t kept = 0, errors = 0;
  for (int i = 0; i < 300; ++i) {
    Folder folder;
    std::string bytes = generated(random);
    bytes.erase(0, bytes.starts_with("\xEF") ? 3 : 0);
    if (!bytes.starts_with("c0")) {
      const auto cells = std::count(bytes.begin(), std::find(bytes.begin(), bytes.end(), '\n'), ',') + 1;
      std::string header;
      for (int64_t c = 0; c < cells; ++c) header += concat(c ? "," : "", "c", c);
      bytes = header + "\n" + bytes;
    }
    folder.write("a.csv", bytes);
    TableSpec spec;
    std::vector<Problem> problems;
    read_object(parse_yaml(specs[random() % specs.size()], "spec.yaml"), spec, Reading(problems, ""));
    REQUIRE(problems.empty());
    CsvForm form{.delimiter = ',', .header = true};
    const bool every_second = random() % 2;
    const std::string expected = outcome(folder, form, spec, every_second);
    form.keep = keeping(random);
    form.keep->words = spec.missing.value_or(std::vector<std::string>());
    REQUIRE(outcome(folder, form, spec, every_second) == expected);
    errors += expected.find("error: ") != std::string::npos;
    error_text(folder, [&] { kept += CsvText(folder / "a.csv", form).kept(0) != nullptr; });
  }
  CHECK(kept > 40);
  CHECK(errors > 50);
  CHECK(errors < 280);
}
