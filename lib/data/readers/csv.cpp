// csv: tables of text, a row a sample; lib/data/table says what is read (csv_text.h) and what becomes of it (table.h).
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/fit.h"
#include "lib/data/reader.h"
#include "lib/data/table/csv_text.h"
#include "lib/data/table/joined_text.h"
#include "lib/data/table/table_cells.h"

namespace dl {
namespace {

// What to write for a delimiter that is a word; empty where it is none.
std::string delimiter_help(const std::string& word) {
  for (const auto& [name, sign] : {std::pair{"semicolon", ";"}, {"comma", ","}, {"pipe", "|"}, {"colon", ":"}})
    if (same_word(word, name)) return concat("write \"", sign, "\"");
  if (word == "\\t" || same_word(word, "tabs")) return "write tab";
  return word == "\\s+" || same_word(word, "whitespace") ? "write space, which is any run of blanks" : "";
}

struct Csv final : Reader {
  std::string path, comment, xxh64;
  std::optional<std::string> target_path;
  std::optional<std::string> delimiter;
  std::optional<bool> header;
  bool trim = true;
  std::vector<std::string> names;
  int64_t skip = 0;
  TableSpec table;

  void describe(Schema& s) override {
    s.summary("a table of text, plain or gzip: a row a sample, columns of numbers and categories");
    s.details(
        "Cells in double quotes may hold delimiters, line ends and quotes written twice (RFC 4180). Empty lines are "
        "passed over. The delimiter and whether the first row is a header are recognised where they are not said; "
        "numbers may be written 12,345 or 12.345,6 or 45.6%, which is recognised too, and told.\n\n"
        "The input 'x' has a number for each numeric column and, for each categorical one, a 1 among as many values as "
        "it has categories in the training part; a category that is new has no 1. Means, deviations, what stands for "
        "missing cells and categories are fitted to the training part alone and kept in the run's resolved config, so "
        "that eval and predict use the same. With 'as: index' a column is an input of its own, named after it, for an "
        "embedding: 0 for a category that is new, the others from 1 on.\n\n"
        "A file to predict need not be of the training file's form: its header is recognised by the columns' names, "
        "which may come in any order and with others between them; without a header the columns are taken by their "
        "place.");
    s.required("path", path, "the file, or a pattern of several with the same columns: \"part-*.csv\"")
        .known_as({"file", "filename", "root", "folder", "data_dir"})
        .help("write one name, or a pattern of several files of the same columns: 'path: \"part-*.csv\"'");
    s.optional(
         "delimiter", delimiter,
         "between cells: one character, tab, or space for any run of blanks; without it as the first lines have it")
        .known_as({"sep", "separator"});
    s.optional("header", header, "the first row names the columns; without it as the first row looks")
        .instead_of_value("none", "write 'header: false'")
        .instead_of_value("0", "write 'header: true'")
        .instead_of_value("infer", "leave it out");
    s.optional(
        "names", names,
        "of the columns, where no header names them, or in its place; without them and with 'header: false' they "
        "are c1, c2, …");
    s.optional("trim", trim, "spaces and tabs around a cell are no part of it");
    s.optional("skip", skip, "lines at the beginning that are passed over").at_least(0).known_as({"skiprows"});
    s.optional("comment", comment, "lines that begin with it are passed over");
    s.optional("xxh64", xxh64, "hash that the file must have, decompressed: xxhsum -H1 FILE");
    table.describe(s);
    s.optional(
        "target_path", target_path,
        "a file of the target's column alone, a row for each of this one's; without it the target is a column of "
        "this one");
    s.example("{format: csv, path: flowers.csv, target: kind}");
    s.example(
        "{format: csv, path: houses.csv, target: price, impute: median, columns: {id: ignore, town: {as: index}}}");
    s.check([this](const Report& report) {
      if (target_path && table.target.column.size() > 1)
        report.at("target_path", "several targets are columns of one file", "write them into 'path'");
      if (delimiter && *delimiter != "tab" && *delimiter != "space" &&
          (delimiter->size() != 1 || *delimiter == "\"" || *delimiter == "\n"))
        report.at("delimiter", concat("expected one character, tab or space, got '", *delimiter, "'"),
                  delimiter_help(*delimiter));
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    TableParts parts = read_all(find_all_data(folders, path), folders.classes);
    if (target_path) add_target(parts, find_data(folders, *target_path));
    return make_table(std::move(parts));
  }
  DatasetPointer open_fitted(const Node& fit) const override { return table_without_rows(fit); }
  std::vector<std::string> keys_of_fit() const override { return TableSpec::keys_of_fit(); }
  DatasetPointer open_inputs(const std::filesystem::path& file, const Node& fit) const override {
    TableParts parts{.spec = table, .has_target = false, .where = place};
    const auto fitted = read_fit<FittedTable>(fit);
    const auto text = open_rows(file, fitted, parts.warnings);
    parts.text = text;
    parts.names = text->has_header() ? text->names() : names_by_place(*text, fitted);
    expect_distinct(parts);
    return make_table(std::move(parts));
  }

 private:
  CsvForm form() const {
    CsvForm form{.header = header,
                 .names = names,
                 .trim = trim,
                 .skip = skip,
                 .comment = comment,
                 .keep = CsvKeeping{.words = table.missing.value_or(std::vector<std::string>())},
                 .ragged_help = "write 'delimiter' as the file has it, and 'skip' for lines that are no rows"};
    if (delimiter) form.delimiter = *delimiter == "tab" ? '\t' : *delimiter == "space" ? ' ' : (*delimiter)[0];
    return form;
  }

  // Of several files the rows of all, whose text stays in memory.
  TableParts read_all(const std::vector<std::filesystem::path>& files, const std::vector<std::string>& classes) const {
    CsvForm rows = form();
    if (files.size() == 1) return read(files[0], rows, classes);
    rows.keep.reset();
    TableParts first = read(files[0], rows, classes);
    rows.names = first.names;
    std::vector<std::shared_ptr<const TableText>> texts{first.text};
    for (size_t i = 1; i < files.size(); ++i) texts.push_back(read(files[i], rows, classes).text);
    first.text = std::make_shared<JoinedText>(std::move(texts));
    return first;
  }

  TableParts read(const std::filesystem::path& file, const CsvForm& rows,
                  const std::vector<std::string>& classes) const {
    const auto opened = std::make_shared<const CsvText>(file, rows);
    TableParts parts{.text = opened, .spec = table, .classes = classes, .where = place};
    const CsvText& text = *opened;
    if (!xxh64.empty() && hash_text(text.xxh64()) != xxh64)
      throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                      .what = concat("expected the hash ", xxh64, ", found ", hash_text(text.xxh64())),
                                      .help = "get the file again, or mend 'xxh64'"});
    parts.names = names.empty() ? text.names() : names;
    if (header == false && text.names_stand_above_numbers())
      parts.warnings.push_back({.where = text.first_where(),
                                .what =
                                    "the first row has words above columns of numbers, and 'header: false' takes it "
                                    "for a sample",
                                .help = "leave 'header: false' out, or write 'skip: 1'"});
    if (parts.names.empty() && header)
      for (int64_t c = 1; c <= text.columns(); ++c) parts.names.push_back(concat("c", c));
    if (parts.names.empty())
      throw Error(Exit::data,
                  Problem{.where = text.first_where(),
                          .what = concat("the columns have no names: the first row is one of data, ", first_row(text)),
                          .help = concat("write 'names: [...]' with ", count_of(text.columns(), "name"),
                                         ", or 'header: false', which names them c1, c2, …, or 'header: true' if that "
                                         "row names them")});
    if (static_cast<int64_t>(parts.names.size()) != text.columns())
      throw Error(Exit::data, Problem{.where = text.first_where(),
                                      .what = concat("expected ", count_of(std::ssize(parts.names), "cell"),
                                                     ", one a name, found ", text.columns())});
    if (!names.empty() && text.names() != names && std::ranges::is_permutation(text.names(), names))
      throw Error(Exit::data, Problem{.where = text.first_where(),
                                      .what = "'names' has the header's names in another order",
                                      .help = "leave 'names' out: the header has them"});
    expect_distinct(parts);
    return parts;
  }

  // The target's file: one column, its header recognised.
  void add_target(TableParts& parts, const std::filesystem::path& file) const {
    CsvForm rows = form();
    rows.header.reset();
    const std::string& name = table.target.column.values[0];
    rows.names = {name};
    rows.skip = 0;
    const auto opened = std::make_shared<const CsvText>(file, rows);
    parts.target = opened;
    const CsvText& target = *opened;
    const auto fail = [&](std::string what) {
      throw Error(Exit::data, Problem{.where = target.first_where(), .what = std::move(what)});
    };
    if (target.columns() != 1) fail(concat("expected the target's column alone, found ", target.columns(), " columns"));
    if (target.rows() != parts.text->rows())
      fail(concat("expected a row for each of the ", parts.text->rows(), " in ", parts.text->path().string(),
                  ", found ", target.rows()));
    if (std::ranges::count(parts.names, name) > 0)
      fail(concat("the target '", name, "' is a column of ", parts.text->path().string(), " too"));
    parts.names.push_back(name);
  }

  static std::string first_row(const CsvText& text) {
    std::vector<std::string> cells;
    for (int64_t c = 0; c < std::min<int64_t>(text.columns(), 4); ++c)
      cells.push_back(concat("'", shortened(text.cell(0, c), 20), "'"));
    return join(cells) + (text.columns() > 4 ? ", …" : "");
  }

  static void expect_distinct(const TableParts& parts) {
    std::unordered_set<std::string_view> known;
    for (const std::string& name : parts.names)
      if (!known.insert(name).second)
        throw Error(Exit::data, Problem{.where = {.file = parts.text->path().string()},
                                        .what = concat("two columns are named '", name, "'"),
                                        .help = "write 'names: [...]', which count more than the header"});
  }

  // A file to predict, whose header and first lines need not be as the training file's.
  std::shared_ptr<const CsvText> open_rows(const std::filesystem::path& file, const FittedTable& fitted,
                                           std::vector<Problem>& warnings) const {
    CsvForm rows = form();
    rows.header.reset();
    rows.names = fitted.names;
    if (rows.names.empty()) {
      for (const FittedColumn& column : fitted.columns)
        if (!column.is_further_part()) rows.names.push_back(column.name);
      for (const FittedColumn& target : fitted.target.values) rows.names.push_back(target.name);
    }
    if (skip > 0) {
      rows.skip = 0;
      const auto first = CsvText::first_rows(file, rows, 1);
      rows.skip = skip;
      const auto behind = CsvText::first_rows(file, rows, 1);
      rows.skip = 0;
      const auto is_of_table = [&](const auto& lines) {
        return !lines.empty() && (is_header(lines[0], rows.names) || is_row(lines[0], fitted));
      };
      if (!is_of_table(first) && is_of_table(behind)) {
        rows.skip = skip;
        warnings.push_back({.where = {.file = file.string(), .line = 1},
                            .what = concat(count_of(skip, "line"), " at the beginning ", skip == 1 ? "is" : "are",
                                           " passed over, as 'skip' says: '", shortened(join(first[0], ","), 60), "'"),
                            .help = "take them out if there are rows among them"});
      }
    }
    auto text = std::make_shared<CsvText>(file, rows);
    if (!text->has_header() || is_header(text->names(), rows.names) || !is_row(text->names(), fitted)) return text;
    rows.header = false;  // cells of a row that looks like a header beside the others
    return std::make_shared<CsvText>(file, rows);
  }

  static bool is_header(const std::vector<std::string>& cells, const std::vector<std::string>& names) {
    const std::unordered_set<std::string_view> known(names.begin(), names.end());
    return 2 * std::ranges::count_if(cells, [&](const auto& cell) { return known.contains(cell); }) > std::ssize(cells);
  }

  // Whether such cells may be the values of the columns that were fitted, in their order.
  bool is_row(const std::vector<std::string>& cells, const FittedTable& fitted) const {
    return std::ranges::any_of(orders(fitted),
                               [&](const std::vector<std::string>& names) { return fits(names, cells, fitted); });
  }

  bool fits(const std::vector<std::string>& names, const std::vector<std::string>& cells,
            const FittedTable& fitted) const {
    if (names.size() != cells.size()) return false;
    const MissingWords missing(table, true);
    std::unordered_map<std::string_view, size_t> places;
    for (size_t i = 0; i < names.size(); ++i) places.emplace(names[i], i);
    return std::ranges::all_of(fitted.columns, [&](const FittedColumn& column) {
      if (column.is_target()) return true;
      const auto place = places.find(column.name);
      if (place == places.end()) return false;
      const std::string_view cell = stripped(cells[place->second], column.strip);
      return !column.is_number() || missing.contains(cell) || cell_number(cell, column.form());
    });
  }

  // Those in which columns without names may come: all of the training table, with and without targets, or those
  // that are used.
  static std::vector<std::vector<std::string>> orders(const FittedTable& fitted) {
    std::vector<std::string> used;
    for (const FittedColumn& column : fitted.columns)
      if (!column.is_target() && !column.is_further_part()) used.push_back(column.name);
    std::vector<std::vector<std::string>> orders;
    if (!fitted.names.empty()) {
      orders.push_back(fitted.names);
      orders.push_back(fitted.names);
      for (const FittedColumn& target : fitted.target.values) std::erase(orders.back(), target.name);
      for (const FittedColumn& column : fitted.columns)
        if (column.is_target()) std::erase(orders.back(), column.name);
    }
    orders.push_back(used);
    return orders;
  }

  std::vector<std::string> names_by_place(const CsvText& text, const FittedTable& fitted) const {
    std::vector<std::string> cells, counts;
    for (int64_t c = 0; c < text.columns(); ++c) cells.emplace_back(text.cell(0, c));
    const auto all = orders(fitted);
    for (const std::vector<std::string>& names : all)
      if (fits(names, cells, fitted)) return names;
    for (const std::vector<std::string>& names : all)
      if (names.size() == cells.size()) return names;  // which cell does not fit is told when it is read
    for (const std::vector<std::string>& names : all)
      if (const std::string count = std::to_string(names.size()); std::ranges::count(counts, count) == 0)
        counts.push_back(count);
    throw Error(Exit::data, Problem{.where = text.first_where(),
                                    .what = concat("the file has no header; expected rows of ", join(counts, " or "),
                                                   " cells in the order of the training table, found ", cells.size()),
                                    .notes = {"the columns of training: " + join(all[0])},
                                    .help = "write a first line with the columns' names"});
  }
};
DL_READER(Csv, "csv");

}  // namespace
}  // namespace dl
