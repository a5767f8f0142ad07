// Cells that are missing, or wrong.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table_cells.h"

#include <algorithm>

#include "lib/base/cpu.h"
#include "lib/base/text.h"

namespace dl {

std::string_view stripped(std::string_view text, const std::string& strip) {
  if (strip.empty()) return text;
  return text.substr(0, text.find_last_not_of(strip) + 1);
}

MissingWords::MissingWords(const TableSpec& spec, bool among_numbers) {
  if (spec.missing) {
    for (const std::string& word : *spec.missing) add(word);
    return;
  }
  for (const std::string_view word : missing_words()) add(word);
  if (among_numbers)
    for (const std::string_view word : words_missing_among_numbers()) add(word);
}

void MissingWords::add(std::string_view word) {
  words_.emplace_back(word);
  if (word.size() < 64) lengths_[first(word)] |= uint64_t{1} << word.size();
  ends_[last(word)] = true;
}

bool MissingWords::is_one(std::string_view text) const { return std::ranges::count(words_, text) > 0; }

int threads_for(int64_t rows) { return rows < 20'000 ? 1 : usable_cores(); }

void expect_column(const TableParts& parts, const std::string& name) {
  if (std::ranges::count(parts.names, name) > 0) return;
  std::string help = spelling_help(name, parts.names);
  if (parts.names.size() == 1 && parts.names[0].find_first_of(" ^:~/#") != std::string::npos)
    help = "write 'delimiter' as the file has it";
  if (Node::scalar(name).as_integer())
    help = concat("columns go by their names: the first is '", parts.names.front(), "', the last '", parts.names.back(),
                  "'");
  throw Error(Exit::usage, Problem{.where = parts.where,
                                   .what = concat("unknown column '", name, "'"),
                                   .notes = {"known columns: " + join(parts.names)},
                                   .help = std::move(help)});
}

void fail_cell(const TableParts& parts, int64_t row, int64_t column, const std::string& expected,
               std::string_view found, std::string help) {
  throw Error(Exit::data, Problem{.where = parts.cell_where(row, column),
                                  .what = concat("column '", parts.names[static_cast<size_t>(column)], "': expected ",
                                                 expected, ", found '", shortened(found), "'"),
                                  .help = std::move(help)});
}

}  // namespace dl
