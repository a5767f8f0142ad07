// A config for a table: what each column is, what is to be predicted, a network of a fitting size.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>

#include "app/look/columns.h"
#include "app/look/learning.h"
#include "app/look/look.h"
#include "app/look/table_files.h"
#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

constexpr int64_t few_rows = 8;

size_t target_column(const std::vector<ColumnLook>& columns, bool has_header, const LookOptions& options) {
  if (options.target.empty()) return guessed_target(columns, has_header);
  const auto found = std::ranges::find(columns, options.target, &ColumnLook::name);
  if (found != columns.end()) return static_cast<size_t>(found - columns.begin());
  const auto number = integer_in(options.target);
  if (number && *number >= 1 && *number <= std::ssize(columns)) return static_cast<size_t>(*number - 1);
  std::vector<std::string> names;
  for (const ColumnLook& column : columns) names.push_back(column.name);
  throw Error(Exit::usage,
              Problem{.path = "--target",
                      .what = concat("there is no column '", options.target, "'"),
                      .notes = {"columns: " + shortened(join(names), 300)},
                      .help = spelling_help(options.target, names, "name one of them, or its number from 1")});
}

// What stands behind the classes of the test table where they are else those of the training table: "<=50K.".
std::string stripped_from_classes(const ColumnLook& train, const ColumnLook& test) {
  for (const char mark : {'.', ';', ','}) {
    const bool all = std::ranges::all_of(test.kinds, [&](const auto& kind) {
      return kind.first.ends_with(mark) && train.kinds.contains(kind.first.substr(0, kind.first.size() - 1));
    });
    if (all && !test.kinds.empty()) return std::string(1, mark);
  }
  return {};
}

std::string kinds_text(const ColumnLook& column) {
  std::vector<std::pair<int64_t, std::string>> kinds;
  for (const auto& [kind, count] : column.kinds) kinds.push_back({-count, kind});
  std::ranges::sort(kinds);
  std::vector<std::string> parts;
  for (size_t i = 0; i < std::min<size_t>(kinds.size(), 4); ++i)
    parts.push_back(concat(shortened(kinds[i].second, 20), " ", -kinds[i].first));
  return join(parts) + (kinds.size() > 4 ? ", …" : "");
}

struct Sizes {
  int64_t batch, hidden, second, epochs, patience;
  double lr, dropout;
};

// By the number of rows to train on: small sets want small networks, short batches and many epochs.
Sizes sizes_for(int64_t rows) {
  Sizes s{.batch = 16, .hidden = 64, .second = 32, .lr = 3e-3, .dropout = 0};
  if (rows > 1000) s = {.batch = 32, .hidden = 64, .second = 32, .lr = 2e-3, .dropout = 0.1};
  if (rows > 5000) s = {.batch = 128, .hidden = 128, .second = 64, .lr = 1e-3, .dropout = 0.2};
  if (rows > 100000) s = {.batch = 512, .hidden = 256, .second = 128, .lr = 1e-3, .dropout = 0.1};
  const int64_t steps = (rows + s.batch - 1) / s.batch;
  s.epochs = std::clamp<int64_t>(6000 / std::max<int64_t>(steps, 1), 5, 100);
  s.patience = std::max<int64_t>(5, s.epochs / 5);
  return s;
}

// A table being looked at, in the order of run().
class TableLook {
 public:
  TableLook(const fs::path& file, const LookOptions& options)
      : file_(file),
        options_(options),
        form_(table_form(file, 60)),
        text_(file, form_.csv),
        names_(names_for(text_, names_changed_)),
        columns_(columns_of(text_, names_)) {}

  Look run() {
    tell_table();
    choose_target();
    expect_target();
    sort_columns();
    find_parts();
    tell_columns();
    choose_training();
    write_data();
    write_learning();
    tell_network();
    return std::move(look_);
  }

 private:
  void tell_table() {
    const std::string separator = text_.delimiter() == '\t'  ? "tabs"
                                  : text_.delimiter() == ' ' ? "blanks"
                                                             : concat("'", text_.delimiter(), "'");
    look_.found.push_back(concat(file_.filename().string(), ": a table of ", count_of(text_.rows(), "row"), " and ",
                                 count_of(text_.columns(), "column"), ", ",
                                 text_.columns() > 1 ? "cells between " + separator + ", " : std::string(),
                                 text_.has_header() ? "with a header" : "without a header"));
  }

  // A column, or what a file beside the table has for each row.
  void choose_target() {
    LookOptions chosen = options_;
    if (const auto targets = targets_beside(file_, text_, options_)) chosen.target = add_targets(*targets);
    target_ = target_column(columns_, text_.has_header(), chosen);
  }

  // The name of the column that is made of them.
  std::string add_targets(const fs::path& file) {
    const CsvText other(file, {});
    if (other.columns() != 1 || other.rows() != text_.rows())
      throw Error(Exit::data,
                  Problem{.where = {.file = file.string()},
                          .what = concat("expected one column of ", text_.rows(), " targets, found ",
                                         count_of(other.columns(), "column"), " of ", count_of(other.rows(), "row"))});
    std::string name = "target";
    while (std::ranges::count(names_, name) > 0) name += "_";
    targets_file_ = file;
    look_.found.push_back(concat(file.filename().string(), " beside it has a value for each row"));
    ColumnLook column = columns_of(other, {name})[0];
    column.index = std::ssize(columns_);
    columns_.push_back(std::move(column));
    return name;
  }

  const ColumnLook& target() const { return columns_[target_]; }

  [[noreturn]] void refuse(const std::string& what, const std::string& help) const {
    throw Error(Exit::data, Problem{.where = {.file = file_.string()},
                                    .path = concat("column '", target().name, "'"),
                                    .what = what,
                                    .help = help});
  }

  // That something can be learned of it, and what: classes or quantities.
  void expect_target() {
    if (columns_.size() < 2)
      refuse("expected columns to learn from beside the target, the table has one column",
             "name the file that has them, or if it is a text write '--task text'");
    if (text_.rows() < few_rows)
      refuse(concat("expected ", few_rows, " rows at least to learn from and to measure by, found ", text_.rows()),
             "get more data");
    is_class_ = options_.task.empty() ? is_class_target(target()) : options_.task == "class";
    if (!is_class_ && !target().is_numeric())
      refuse("expected numbers for '--task value', found " + kinds_text(target()), "write '--task class'");
    if (target().different < 2)
      refuse(concat("expected a target of several values, all cells are ",
                    target().kinds.empty() ? std::string("missing")
                                           : "'" + shortened(target().kinds.begin()->first, 40) + "'"),
             "name another column: --target COLUMN");
    if (is_class_) expect_classes();
  }

  void expect_classes() const {
    if (target().different > 1000 || target().different * 2 > target().present())
      refuse(concat("expected classes of several rows each, found ", target().different, " kinds in ",
                    target().present(), " rows"),
             target().is_numeric() ? "write '--task value'" : "name another column: --target COLUMN");
    for (const auto& [kind, count] : target().kinds)
      if (count == 1)
        refuse(concat("expected two rows at least of each class, to learn from and to measure by, found one of '",
                      shortened(kind, 40), "'"),
               "take such rows out, or get more of them");
  }

  // What the columns are.
  void sort_columns() {
    for (const ColumnLook& column : columns_) {
      if (column.name == target().name) continue;
      missing_ += column.missing;
      if (const std::string why = why_ignored(column); !why.empty()) {
        ignored_.push_back(concat(column.name, " (", why, ")"));
        columns_yaml_ +=
            concat("      ", yaml_text(column.name), ": ignore",
                   std::string(column.name.size() < 24 ? 24 - column.name.size() : 1, ' '), "# ", why, "\n");
      } else if (column.is_numeric()) {
        ++numeric_;
        if (column.least >= 0 && column.mean > 0 && column.most > 20 * column.mean)
          columns_yaml_ +=
              concat("      ", yaml_text(column.name), ": {normalize: log}   # most are small, a few up to ",
                     number_text(column.most), "\n");
      } else {
        ++categorical_;
        many_categories_ |= column.different > 50;
      }
    }
    if (numeric_ + categorical_ == 0)
      refuse("expected columns to learn from beside the target, each of them is left out: " +
                 shortened(join(ignored_), 300),
             "name another column: --target COLUMN");
  }

  // Tables of the other parts beside it.
  void find_parts() {
    if (!targets_file_.empty()) return;  // whose targets would other parts have?
    test_ = table_of_part(file_, "test");
    validation_ = table_of_part(file_, "val");
    if (!is_class_ || target().is_numeric()) return;
    for (const auto& part : {validation_, test_})
      if (part) strip_ += stripped_from_classes(target(), columns_of_part(*part)[static_cast<size_t>(target().index)]);
    if (strip_.size() > 1) strip_.resize(1);
  }

  std::vector<ColumnLook> columns_of_part(const fs::path& part) const {
    const CsvText other(part, form_.csv);
    if (other.columns() != text_.columns())
      throw Error(Exit::data, Problem{.where = {.file = part.string()},
                                      .what = concat("expected the ", text_.columns(), " columns of ",
                                                     file_.filename().string(), ", found ", other.columns()),
                                      .help = "take the file away, or give it another name"});
    return columns_of(other, names_);
  }

  void tell_columns() {
    look_.found.push_back(concat(count_of(numeric_, "column"), " of numbers, ", categorical_, " of categories",
                                 missing_ > 0 ? concat(", ", missing_, " cells are missing") : std::string()));
    if (!ignored_.empty()) look_.found.push_back("left out: " + join(ignored_));
    if (is_class_) {
      look_.found.push_back(concat("to predict: ", target().name, ", ", count_of(target().different, "class"), ": ",
                                   kinds_text(target())));
    } else {
      look_.found.push_back(concat("to predict: ", target().name, ", numbers from ", number_text(target().least),
                                   " to ", number_text(target().most)));
    }
    if (options_.target.empty() && targets_file_.empty())
      look_.chosen.push_back(concat("column '", target().name, "' as the target; another: --target COLUMN"));
    if (options_.task.empty())
      look_.chosen.push_back(is_class_ ? "classes; if they are quantities: --task value"
                                       : "quantities; if they are classes: --task class");
  }

  void choose_training() {
    const auto count_of_kind = [](const auto& kind) { return kind.second; };
    stratified_ = is_class_ && std::ranges::min_element(target().kinds, {}, count_of_kind)->second >= 2;
    share_ = share_held_out(text_.rows());
    const double trained_on = validation_ ? 1 : 1 - share_;
    sizes_ = sizes_for(static_cast<int64_t>(static_cast<double>(text_.rows()) * trained_on));
  }

  // The keys of a reader.
  std::string reader(const fs::path& path) const {
    const std::string indent = "    ";
    std::string out = concat(indent, "format: csv\n", indent, "path: ", yaml_path(path, options_), "\n");
    if (form_.csv.skip > 0)
      out += concat(indent, "skip: ", form_.csv.skip, "                     # lines before the table\n");
    if (!text_.has_header()) out += indent + "header: false\n";
    if (names_changed_) out += concat(indent, "names: ", yaml_list(names_), "\n");
    out += concat(indent, "target: {column: ", yaml_text(target().name), ", as: ", is_class_ ? "class" : "value",
                  strip_.empty() ? std::string() : ", strip: " + yaml_text(strip_), "}\n");
    if (!targets_file_.empty()) out += concat(indent, "target_path: ", yaml_path(targets_file_, options_), "\n");
    if (many_categories_) out += indent + "min_count: 5                # rarer categories count as unknown\n";
    return out;
  }

  void write_data() {
    std::string& yaml = look_.config;
    yaml += "data:\n  train:\n" + reader(file_);
    if (!form_.class_names.empty()) yaml += "    # the classes are called " + join(form_.class_names) + "\n";
    if (!columns_yaml_.empty())
      yaml += "    columns:                  # all others are taken as their cells look\n" + columns_yaml_;
    if (validation_) {
      write_part("validation", *validation_);
    } else {
      yaml += concat("  validation: {fraction: ", number_text(share_), stratified_ ? ", stratified: true" : "", "}",
                     stratified_ ? "   # such a part of each class is not trained on\n" : "   # not trained on\n");
    }
    if (test_) write_part("test", *test_);
  }

  void write_part(const char* key, const fs::path& path) {
    look_.config += concat("  ", key, ":\n", reader(path));
    if (!columns_yaml_.empty()) look_.config += "    columns: ${data.train.columns}\n";
  }

  void write_learning() {
    const Sizes& s = sizes_;
    std::string& yaml = look_.config;
    yaml += concat("  batch_size: ", s.batch, "\nmodel:\n");
    const std::string dropout = s.dropout > 0 ? concat("  - dropout: ", number_text(s.dropout), "\n") : std::string();
    yaml +=
        concat("  - linear: ", s.hidden, "\n  - relu\n", dropout, "  - linear: ", s.second, "\n  - relu\n", dropout);
    const bool few = static_cast<double>(text_.rows()) * share_ < 300;
    yaml += learning_yaml(is_class_, number_text(s.lr)) + trainer_yaml(s.epochs, s.patience, monitored(is_class_, few));
  }

  void tell_network() {
    look_.chosen.push_back(concat(
        "a network of two hidden layers, ",
        validation_ ? concat("validation by ", validation_->filename().string())
                    : concat(std::lround(share_ * 100), " % ", stratified_ ? "of each class " : "", "for validation"),
        test_ ? concat(", test by ", test_->filename().string()) : "", ", ", sizes_.epochs, " epochs at most"));
  }

  const fs::path& file_;
  const LookOptions& options_;
  const TableForm form_;
  const CsvText text_;
  bool names_changed_ = false;
  const std::vector<std::string> names_;
  std::vector<ColumnLook> columns_;
  fs::path targets_file_;  // empty: the target is a column of the table
  size_t target_ = 0;      // among the columns
  bool is_class_ = false;
  std::vector<std::string> ignored_;
  std::string columns_yaml_;
  int64_t numeric_ = 0, categorical_ = 0, missing_ = 0;
  bool many_categories_ = false;
  std::optional<fs::path> test_, validation_;
  std::string strip_;  // from the classes of the other parts
  bool stratified_ = false;
  double share_ = 0;  // that is held out
  Sizes sizes_{};
  Look look_;
};

}  // namespace

Look look_at_table(const fs::path& file, const LookOptions& options) { return TableLook(file, options).run(); }

}  // namespace dl
