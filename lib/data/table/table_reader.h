// A reader whose file gives the rows of a table, whatever its form; what becomes of columns is as of csv.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/reader.h"
#include "lib/data/table/joined_text.h"
#include "lib/data/table/table.h"

namespace dl {

struct TableReader : Reader {
  std::string path;
  TableSpec table;

  DatasetPointer open(const Folders& folders) const final {
    std::vector<std::shared_ptr<const TableText>> files;
    for (const auto& file : find_all_data(folders, path)) files.push_back(rows_of(file));
    return make_table(parts(joined(std::move(files)), folders.classes, true));
  }
  DatasetPointer open_fitted(const Node& fit) const final { return table_without_rows(fit); }
  std::vector<std::string> keys_of_fit() const final { return TableSpec::keys_of_fit(); }
  DatasetPointer open_inputs(const std::filesystem::path& file, const Node& /*fit*/) const final {
    return make_table(parts(rows_of(file), {}, false));
  }

 protected:
  // The rows of a file; one that does not hold them is an Error(Exit::data).
  virtual std::shared_ptr<const TableText> rows_of(const std::filesystem::path& file) const = 0;
  // Whether the spec does not say to ignore the column, so that its cells are wanted.
  bool reads(const std::string& column) const {
    const auto given = table.columns.find(column);
    return given == table.columns.end() || given->second.type != "ignore";
  }

 private:
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
    return parts;
  }
};

}  // namespace dl
