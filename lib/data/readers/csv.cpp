// csv: tables of text, a row a sample; lib/data/csv_text.h says what is read, lib/data/table.h what becomes of it.
#include <algorithm>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/reader.h"
#include "lib/data/table.h"

namespace dl {
namespace {

struct Csv final : Reader {
  std::string path, delimiter = ",", comment, xxh64;
  bool header = true, trim = true;
  std::vector<std::string> names;
  int64_t skip = 0;
  TableSpec table;

  void describe(Schema& s) override {
    s.summary("a table of text, plain or gzip: a row a sample, columns of numbers and categories");
    s.details(
        "Cells in double quotes may hold delimiters, line ends and quotes written twice (RFC 4180). Empty lines are "
        "passed over.\n\n"
        "The input 'x' has a number for each numeric column and, for each categorical one, a 1 among as many values as "
        "it has categories in the training part; a category that is new has no 1. Means, deviations, what stands for "
        "missing cells and categories are fitted to the training part alone and kept in the run's resolved config, so "
        "that eval and predict use the same. With 'as: index' a column is an input of its own, named after it, for an "
        "embedding: 0 for a category that is new, the others from 1 on.");
    s.required("path", path, "the file").known_as({"file", "filename", "root", "folder", "data_dir"});
    s.optional("delimiter", delimiter, "between cells: one character, or tab");
    s.optional("header", header, "the first row names the columns");
    s.optional("names", names, "of the columns, where no header names them");
    s.optional("trim", trim, "spaces and tabs around a cell are no part of it");
    s.optional("skip", skip, "lines at the beginning that are passed over").at_least(0).known_as({"skiprows"});
    s.optional("comment", comment, "lines that begin with it are passed over");
    s.optional("xxh64", xxh64, "hash that the file must have, decompressed: xxhsum -H1 FILE");
    table.describe(s);
    s.example("{format: csv, path: flowers.csv, target: kind}");
    s.example(
        "{format: csv, path: houses.csv, target: price, impute: median, columns: {id: ignore, town: {as: index}}}");
    s.check([this](const Report& report) {
      if (delimiter != "tab" && (delimiter.size() != 1 || delimiter == "\"" || delimiter == "\n"))
        report.at("delimiter", concat("expected one character or tab, got '", delimiter, "'"));
      if (!header && names.empty())
        report.at("header", "the columns have no names", "write 'names: [...]', one a column");
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    return open(find_data(folders, path), folders.classes, true);
  }
  DatasetPointer open_fitted(const Node& fit) const override { return table_without_rows(fit); }
  DatasetPointer open_inputs(const std::filesystem::path& file) const override { return open(file, {}, false); }

 private:
  DatasetPointer open(const std::filesystem::path& file, const std::vector<std::string>& classes,
                      bool has_target) const {
    TableParts parts{
        .text = std::make_shared<CsvText>(file, CsvForm{.delimiter = delimiter == "tab" ? '\t' : delimiter[0],
                                                        .header = header,
                                                        .trim = trim,
                                                        .skip = skip,
                                                        .comment = comment}),
        .spec = table,
        .classes = classes,
        .has_target = has_target,
        .where = place};
    const CsvText& text = *parts.text;
    if (has_target && !xxh64.empty() && hash_text(text.xxh64()) != xxh64)
      throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                      .what = concat("expected the hash ", xxh64, ", found ", hash_text(text.xxh64())),
                                      .help = "get the file again, or mend 'xxh64'"});
    parts.names = names.empty() ? text.names() : names;
    // Rows to predict may lack the target.
    if (!has_target && static_cast<int64_t>(parts.names.size()) == text.columns() + 1)
      std::erase(parts.names, table.target.column);
    if (static_cast<int64_t>(parts.names.size()) != text.columns())
      throw Error(Exit::data, Problem{.where = text.where(0, 0),
                                      .what = concat("expected ", parts.names.size(), " cells, one a name, found ",
                                                     text.columns())});
    for (size_t i = 0; i < parts.names.size(); ++i)
      if (std::ranges::count(parts.names, parts.names[i]) > 1)
        throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                        .what = concat("two columns are named '", parts.names[i], "'"),
                                        .help = "write 'names: [...]', which count more than the header"});
    return make_table(std::move(parts));
  }
};
DL_READER(Csv, "csv");

}  // namespace
}  // namespace dl
