// Titles before a table, names of its columns, and files that are named alike.
// SPDX-License-Identifier: Apache-2.0
#include "app/look/table_files.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/table/cell_number.h"

namespace dl {

namespace fs = std::filesystem;

// The first line "150,4,setosa,versicolor,virginica" of scikit-learn's files says how many rows and columns there are
// and what the classes are called; other first lines of another length are titles.
TableForm table_form(const fs::path& file, int64_t lines) {
  TableForm form;
  const auto rows = CsvText::first_rows(file, {}, lines);
  if (rows.size() < 2) return form;
  const std::vector<std::string>&first = rows[0], &next = rows[1];
  const auto count = first.size() > 3 ? integer_in(first[0]) : std::nullopt;
  const auto features = first.size() > 3 ? integer_in(first[1]) : std::nullopt;
  const bool has_names =
      count && features && *count > 0 && *features + 1 == std::ssize(next) &&
      std::all_of(first.begin() + 2, first.end(), [](const auto& cell) { return !cell_number(cell); });
  if (has_names) {
    form.csv.skip = 1;
    form.csv.header = false;
    form.class_names.assign(first.begin() + 2, first.end());
    return form;
  }
  // Lines before the table: fewer cells than all that follow.
  const size_t cells = rows.back().size();
  size_t titles = 0;
  while (titles < rows.size() && rows[titles].size() < cells && rows[titles].size() + 1 != cells) ++titles;
  const bool others_alike = std::all_of(rows.begin() + static_cast<std::ptrdiff_t>(titles), rows.end(),
                                        [&](const auto& row) { return row.size() == cells; });
  if (titles > 0 && titles <= 10 && rows.size() - titles >= 2 && others_alike)
    form.csv.skip = static_cast<int64_t>(titles);
  return form;
}

std::vector<std::string> names_for(const CsvText& text, bool& changed) {
  std::vector<std::string> names;
  for (int64_t c = 0; c < text.columns(); ++c) {
    std::string name = text.has_header() ? text.names()[static_cast<size_t>(c)] : std::string();
    if (name.empty()) name = text.has_header() ? concat("unnamed_", c + 1) : concat("c", c + 1);
    const std::string plain = name;
    for (int again = 2; std::ranges::count(names, name) > 0; ++again) name = concat(plain, "_", again);
    changed |= text.has_header() && name != text.names()[static_cast<size_t>(c)];
    names.push_back(name);
  }
  return names;
}

std::optional<fs::path> table_of_part(const fs::path& file, const std::string& part) {
  const std::string name = file.filename().string();
  for (const char* train : {"train", "Train", "TRAIN", "training"}) {
    const size_t at = name.find(train);
    if (at == name.npos) continue;
    std::string word = part;
    if (train[0] == 'T') word[0] = static_cast<char>(word[0] - 32);
    if (train[1] == 'R')
      for (char& c : word) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    std::string other = name;
    other.replace(at, std::string_view(train).size(), word);
    std::error_code error;
    if (fs::is_regular_file(file.parent_path() / other, error)) return file.parent_path() / other;
  }
  return {};
}

std::optional<fs::path> targets_beside(const fs::path& file, const CsvText& text, const LookOptions& options) {
  std::error_code error;
  if (!options.target.empty()) {
    const bool is_column = std::ranges::count(text.names(), options.target) > 0;
    if (is_column || !fs::is_regular_file(options.target, error)) return {};
    return options.target;
  }
  const std::vector<std::string> own = words_of(file.filename().string());
  std::optional<fs::path> found;
  for (fs::directory_iterator at(fs::absolute(file).parent_path(), error), end; !error && at != end;
       at.increment(error)) {
    const fs::path other = at->path();
    const std::vector<std::string> words = words_of(other.filename().string());
    const bool is_target = std::ranges::any_of(words, [](const std::string& word) {
      return word == "target" || word == "targets" || word == "label" || word == "labels" || word == "y";
    });
    const bool x_and_y = !own.empty() && own[0] == "x" && !words.empty() && words[0] == "y" &&
                         std::equal(own.begin() + 1, own.end(), words.begin() + 1, words.end());
    const bool alike = !own.empty() && !words.empty() && own[0] == words[0];
    if (!is_target || !(x_and_y || alike) || fs::equivalent(other, file, error) || found) continue;
    try {
      const CsvText targets(other, {});
      if (targets.columns() == 1 && targets.rows() == text.rows()) found = other;
    } catch (const Error&) {  // no table
    }
  }
  return found;
}

}  // namespace dl
