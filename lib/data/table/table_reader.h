// A reader whose file gives the rows of a table, whatever its form; what becomes of columns is as of csv.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <map>

#include "lib/base/error.h"
#include "lib/data/reader.h"
#include "lib/data/table/joined_text.h"
#include "lib/data/table/table.h"

namespace dl {

struct TableReader : Reader {
  std::string path;
  TableSpec table;

  DatasetPointer open(const Folders& folders) const final {
    std::vector<std::shared_ptr<const TableText>> files;
    const std::vector<std::filesystem::path> paths = find_all_data(folders, path);
    for (const auto& file : paths) files.push_back(rows_of(file));
    TableParts all = parts(joined(std::move(files)), folders.classes, true);
    doubt_folders(paths[0], all);
    return make_table(std::move(all));
  }
  DatasetPointer open_fitted(const Node& fit) const final { return table_without_rows(fit); }
  std::vector<std::string> keys_of_fit() const final { return TableSpec::keys_of_fit(); }
  DatasetPointer open_inputs(const std::filesystem::path& file, const Node& /*fit*/) const final {
    return make_table(parts(rows_of(file), {}, false));
  }

 protected:
  // The rows of a file; one that does not hold them is an Error(Exit::data).
  virtual std::shared_ptr<const TableText> rows_of(const std::filesystem::path& file) const = 0;
  // Whether the column's cells are wanted: it is the target, or one that the spec does not say to ignore, nor what it
  // is a part of.
  bool reads(const std::string& column) const {
    if (std::ranges::count(table.target.column.values, column) > 0) return true;
    if (const auto given = table.columns.find(column); given != table.columns.end())
      return given->second.type != "ignore";
    return std::ranges::none_of(table.columns, [&](const auto& given) {
      return given.second.type == "ignore" && is_part(column, given.first);
    });
  }

 private:
  // "at.x" of "at".
  static bool is_part(const std::string& column, const std::string& of) {
    return column.size() > of.size() && column.starts_with(of) && column[of.size()] == '.';
  }

  // What is said of a structure or list that is to be ignored, said of its parts, which are the columns.
  static void say_of_parts(TableParts& parts) {
    std::map<std::string, ColumnSpec>& columns = parts.spec.columns;
    for (const auto& [of, said] : std::map(columns)) {
      if (said.type != "ignore" || std::ranges::count(parts.names, of) > 0) continue;
      bool has_parts = false;
      for (const std::string& name : parts.names) {
        if (!is_part(name, of)) continue;
        columns.emplace(name, said);
        has_parts = true;
      }
      if (has_parts) columns.erase(of);
    }
  }

  // Of a partitioned table, year=2024/part-0.parquet, the folders are a column that its files lack. Those that `path`
  // names are looked at.
  void doubt_folders(const std::filesystem::path& file, TableParts& all) const {
    const std::vector<std::filesystem::path> folders(file.begin(), file.end());
    const std::filesystem::path written(path);
    const auto named = std::min(std::distance(written.begin(), written.end()), std::ssize(folders));
    for (auto folder = folders.end() - named; folder + 1 < folders.end(); ++folder) {
      const std::string& name = folder->native();
      const size_t end = name.find('=');
      if (end == 0 || end == std::string::npos || std::ranges::count(all.names, name.substr(0, end)) > 0) continue;
      all.warnings.push_back({.where = {.file = file.string()},
                              .what = concat("the folder '", name, "' says a column '", name.substr(0, end),
                                             "' that the file has not: it is not read"),
                              .help = "write it into the files if it is to be one"});
    }
  }
  static std::shared_ptr<const TableText> joined(std::vector<std::shared_ptr<const TableText>> files) {
    return files.size() == 1 ? files[0] : std::make_shared<JoinedText>(std::move(files));
  }
  TableParts parts(std::shared_ptr<const TableText> text, std::vector<std::string> classes, bool has_target) const {
    TableParts parts{.text = std::move(text),
                     .spec = table,
                     .classes = std::move(classes),
                     .has_target = has_target,
                     .where = place};
    parts.names = parts.text->names();
    say_of_parts(parts);
    return parts;
  }
};

}  // namespace dl
