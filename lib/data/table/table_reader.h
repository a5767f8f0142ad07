// A reader whose file gives the rows of a table, whatever its form; what becomes of columns is as of csv.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/reader.h"
#include "lib/data/table/table.h"

namespace dl {

struct TableReader : Reader {
  std::string path;
  TableSpec table;

  DatasetPointer open(const Folders& folders) const final {
    return make_table(parts(find_data(folders, path), folders.classes, true));
  }
  DatasetPointer open_fitted(const Node& fit) const final { return table_without_rows(fit); }
  DatasetPointer open_inputs(const std::filesystem::path& file, const Node& /*fit*/) const final {
    return make_table(parts(file, {}, false));
  }

 protected:
  // The rows of a file; one that does not hold them is an Error(Exit::data).
  virtual std::shared_ptr<const TableText> rows_of(const std::filesystem::path& file) const = 0;

 private:
  TableParts parts(const std::filesystem::path& file, std::vector<std::string> classes, bool has_target) const {
    TableParts parts{
        .text = rows_of(file), .spec = table, .classes = std::move(classes), .has_target = has_target, .where = place};
    parts.names = parts.text->names();
    return parts;
  }
};

}  // namespace dl
