// The files of a table nobody described: how its own is to be read, and which beside it belong to it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/look/look.h"
#include "lib/data/table/csv_text.h"

namespace dl {

// A table as it is to be read.
struct TableForm {
  CsvForm csv;
  std::vector<std::string> class_names;  // that a first line of scikit-learn's files has
};

TableForm table_form(const std::filesystem::path& file, int64_t lines);  // by so many first lines

// Names for columns: the header's, made different and whole; or numbered ones, as the reader has them.
std::vector<std::string> names_for(const CsvText& text, bool& changed);

// The file beside `file` that has the other part by its name: train -> test.
std::optional<std::filesystem::path> table_of_part(const std::filesystem::path& file, const std::string& part);

// A table of targets in a file of its own, a row for each of this one's: named on the command line, or beside it and
// named alike.
std::optional<std::filesystem::path> targets_beside(const std::filesystem::path& file, const CsvText& text,
                                                    const LookOptions& options);

}  // namespace dl
