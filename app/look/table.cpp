// A config for a table: what each column is, what is to be predicted, a network of a fitting size.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "app/look/columns.h"
#include "app/look/look.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/table/cell_number.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

constexpr int64_t few_rows = 8;

std::optional<int64_t> whole_number_in(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// A table as it is to be read.
struct Form {
  CsvForm csv;
  std::vector<std::string> class_names;  // that a first line of scikit-learn's files has
};

// The first line "150,4,setosa,versicolor,virginica" of scikit-learn's files says how many rows and columns there are
// and what the classes are called; other first lines of another length are titles.
Form form_of(const fs::path& file, int64_t lines) {
  Form form;
  const auto rows = CsvText::first_rows(file, {}, lines);
  if (rows.size() < 2) return form;
  const std::vector<std::string>&first = rows[0], &next = rows[1];
  const auto count = first.size() > 3 ? whole_number_in(first[0]) : std::nullopt;
  const auto features = first.size() > 3 ? whole_number_in(first[1]) : std::nullopt;
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

// Names for columns: the header's, made different and whole; or numbered ones, as the reader has them.
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

// The file beside `file` that has the other part by its name: train -> test.
std::optional<fs::path> sibling(const fs::path& file, const std::string& part) {
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

// A table of targets in a file of its own, a row for each of this one's: named on the command line, or beside it and
// named alike.
std::optional<fs::path> targets_of(const fs::path& file, const CsvText& text, const LookOptions& options) {
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

size_t target_column(const std::vector<ColumnLook>& columns, bool has_header, const LookOptions& options) {
  if (options.target.empty()) return guessed_target(columns, has_header);
  const auto found = std::ranges::find(columns, options.target, &ColumnLook::name);
  if (found != columns.end()) return static_cast<size_t>(found - columns.begin());
  const auto number = whole_number_in(options.target);
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

}  // namespace

Look look_at_table(const fs::path& file, const LookOptions& options) {
  Look look;
  Form form = form_of(file, 60);
  auto text = std::make_unique<CsvText>(file, form.csv);
  fs::path targets_file;  // empty: the target is a column of the table
  bool names_changed = false;
  std::vector<std::string> names = names_for(*text, names_changed);
  std::string separator = text->delimiter() == '\t'  ? "tabs"
                          : text->delimiter() == ' ' ? "blanks"
                                                     : concat("'", text->delimiter(), "'");
  look.found.push_back(concat(file.filename().string(), ": a table of ", count_of(text->rows(), "row"), " and ",
                              count_of(text->columns(), "column"), ", ",
                              text->columns() > 1 ? "cells between " + separator + ", " : std::string(),
                              text->has_header() ? "with a header" : "without a header"));
  bool has_header = text->has_header();
  std::string target_name = options.target;
  std::vector<ColumnLook> columns = columns_of(*text, names);
  if (const auto targets = targets_of(file, *text, options)) {
    const CsvText other(*targets, {});
    if (other.columns() != 1 || other.rows() != text->rows())
      throw Error(Exit::data,
                  Problem{.where = {.file = targets->string()},
                          .what = concat("expected one column of ", text->rows(), " targets, found ",
                                         count_of(other.columns(), "column"), " of ", count_of(other.rows(), "row"))});
    target_name = "target";
    while (std::ranges::count(names, target_name) > 0) target_name += "_";
    targets_file = *targets;
    look.found.push_back(concat(targets->filename().string(), " beside it has a value for each row"));
    ColumnLook target = columns_of(other, {target_name})[0];
    target.index = std::ssize(columns);
    columns.push_back(std::move(target));
  }
  LookOptions chosen = options;
  chosen.target = target_name;
  const ColumnLook& target = columns[target_column(columns, has_header, chosen)];
  const auto refuse = [&](const std::string& what, const std::string& help) {
    throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                    .path = concat("column '", target.name, "'"),
                                    .what = what,
                                    .help = help});
  };
  if (columns.size() < 2)
    refuse("expected columns to learn from beside the target, the table has one column",
           "name the file that has them, or if it is a text write '--task text'");
  if (text->rows() < few_rows)
    refuse(concat("expected ", few_rows, " rows at least to learn from and to measure by, found ", text->rows()),
           "get more data");
  const bool is_class = options.task.empty() ? is_class_target(target) : options.task == "class";
  if (!is_class && !target.is_numeric())
    refuse("expected numbers for '--task value', found " + kinds_text(target), "write '--task class'");
  if (target.different < 2)
    refuse(
        concat("expected a target of several values, all cells are ",
               target.kinds.empty() ? std::string("missing") : "'" + shortened(target.kinds.begin()->first, 40) + "'"),
        "name another column: --target COLUMN");
  if (is_class && (target.different > 1000 || target.different * 2 > target.present()))
    refuse(concat("expected classes of several rows each, found ", target.different, " kinds in ", target.present(),
                  " rows"),
           target.is_numeric() ? "write '--task value'" : "name another column: --target COLUMN");

  if (is_class)
    for (const auto& [kind, count] : target.kinds)
      if (count == 1)
        refuse(concat("expected two rows at least of each class, to learn from and to measure by, found one of '",
                      shortened(kind, 40), "'"),
               "take such rows out, or get more of them");

  // What the columns are.
  std::vector<std::string> ignored, keys;
  int64_t numeric = 0, categorical = 0, missing = 0;
  bool many_categories = false;
  for (const ColumnLook& column : columns) {
    if (column.name == target.name) continue;
    missing += column.missing;
    if (const std::string why = why_ignored(column); !why.empty()) {
      ignored.push_back(concat(column.name, " (", why, ")"));
      keys.push_back(concat("      ", yaml_text(column.name), ": ignore",
                            std::string(column.name.size() < 24 ? 24 - column.name.size() : 1, ' '), "# ", why));
    } else if (column.is_numeric()) {
      ++numeric;
      if (column.least >= 0 && column.mean > 0 && column.most > 20 * column.mean)
        keys.push_back(concat("      ", yaml_text(column.name), ": {normalize: log}   # most are small, a few up to ",
                              number_text(column.most)));
    } else {
      ++categorical;
      many_categories |= column.different > 50;
    }
  }
  if (numeric + categorical == 0)
    refuse(
        "expected columns to learn from beside the target, each of them is left out: " + shortened(join(ignored), 300),
        "name another column: --target COLUMN");
  const bool alone = !targets_file.empty();  // whose targets would other parts have?
  const auto test = alone ? std::nullopt : sibling(file, "test"),
             validation = alone ? std::nullopt : sibling(file, "val");
  std::string strip;
  const auto part_columns = [&](const fs::path& part) {
    const CsvText other(part, form.csv);
    if (other.columns() != text->columns())
      throw Error(Exit::data, Problem{.where = {.file = part.string()},
                                      .what = concat("expected the ", text->columns(), " columns of ",
                                                     file.filename().string(), ", found ", other.columns()),
                                      .help = "take the file away, or give it another name"});
    return columns_of(other, names);
  };
  for (const auto& part : {validation, test})
    if (part && is_class && !target.is_numeric())
      strip += stripped_from_classes(target, part_columns(*part)[static_cast<size_t>(target.index)]);
  if (strip.size() > 1) strip.resize(1);

  // In words.
  look.found.push_back(concat(count_of(numeric, "column"), " of numbers, ", categorical, " of categories",
                              missing > 0 ? concat(", ", missing, " cells are missing") : std::string()));
  if (!ignored.empty()) look.found.push_back("left out: " + join(ignored));
  if (is_class) {
    look.found.push_back(
        concat("to predict: ", target.name, ", ", count_of(target.different, "class"), ": ", kinds_text(target)));
  } else {
    look.found.push_back(concat("to predict: ", target.name, ", numbers from ", number_text(target.least), " to ",
                                number_text(target.most)));
  }
  if (options.target.empty() && targets_file.empty())
    look.chosen.push_back(concat("column '", target.name, "' as the target; another: --target COLUMN"));
  if (options.task.empty())
    look.chosen.push_back(is_class ? "classes; if they are quantities: --task value"
                                   : "quantities; if they are classes: --task class");

  // As YAML.
  const int64_t least_class =
      is_class ? std::ranges::min_element(target.kinds, {}, [](const auto& kind) { return kind.second; })->second : 0;
  const bool stratified = is_class && least_class >= 2;
  const double share = text->rows() < 20000 ? 0.2 : 0.1;
  const auto training_rows = static_cast<int64_t>(static_cast<double>(text->rows()) * (validation ? 1 : 1 - share));
  const Sizes s = sizes_for(training_rows);
  const bool few = text->rows() * share < 300;
  const std::string best = few ? "val/loss" : is_class ? "val/accuracy" : "val/rmse";
  const auto reader = [&](const fs::path& path, const std::string& indent) {
    std::string out = concat(indent, "format: csv\n", indent, "path: ", yaml_path(path, options), "\n");
    if (form.csv.skip > 0)
      out += concat(indent, "skip: ", form.csv.skip, "                     # lines before the table\n");
    if (!has_header) out += indent + "header: false\n";
    if (names_changed) out += concat(indent, "names: ", yaml_list(names), "\n");
    out += concat(indent, "target: {column: ", yaml_text(target.name), ", as: ", is_class ? "class" : "value",
                  strip.empty() ? std::string() : ", strip: " + yaml_text(strip), "}\n");
    if (!targets_file.empty()) out += concat(indent, "target_path: ", yaml_path(targets_file, options), "\n");
    if (many_categories) out += indent + "min_count: 5                # rarer categories count as unknown\n";
    return out;
  };
  std::string columns_yaml;
  for (const std::string& key : keys) columns_yaml += key + "\n";
  std::string& yaml = look.config;
  yaml += "data:\n  train:\n" + reader(file, "    ");
  if (!form.class_names.empty()) yaml += "    # the classes are called " + join(form.class_names) + "\n";
  if (!columns_yaml.empty())
    yaml += "    columns:                  # all others are taken as their cells look\n" + columns_yaml;
  const auto part = [&](const char* key, const fs::path& path) {
    yaml += concat("  ", key, ":\n", reader(path, "    "));
    if (!columns_yaml.empty()) yaml += "    columns: ${data.train.columns}\n";
  };
  if (validation) {
    part("validation", *validation);
  } else {
    yaml += concat("  validation: {fraction: ", number_text(share), stratified ? ", stratified: true" : "", "}",
                   stratified ? "   # such a part of each class is not trained on\n" : "   # not trained on\n");
  }
  if (test) part("test", *test);
  yaml += concat("  batch_size: ", s.batch, "\nmodel:\n");
  const std::string dropout = s.dropout > 0 ? concat("  - dropout: ", number_text(s.dropout), "\n") : std::string();
  yaml += concat("  - linear: ", s.hidden, "\n  - relu\n", dropout, "  - linear: ", s.second, "\n  - relu\n", dropout,
                 "  - linear: ", is_class ? "${data.classes}" : "${data.targets}", "\n");
  yaml +=
      concat("loss: ", is_class ? "cross_entropy" : "mse", "\nmetrics: ", is_class ? "[accuracy]" : "[rmse, mae]",
             "\noptimizer: {adamw: {lr: ", number_text(s.lr), ", weight_decay: 0.01}}\n",
             "schedule: {cosine: {warmup: 1 epoch}}\ntrainer:\n  max_epochs: ", s.epochs,
             "\n  early_stopping: {monitor: ", best, ", patience: ", s.patience,
             "}   # ends where it no longer gets better\n  checkpoint: {every: 1 epoch, keep: 1, best: ", best, "}\n");
  look.chosen.push_back(
      concat("a network of two hidden layers, ",
             validation ? concat("validation by ", validation->filename().string())
                        : concat(std::lround(share * 100), " % ", stratified ? "of each class " : "", "for validation"),
             test ? concat(", test by ", test->filename().string()) : "", ", ", s.epochs, " epochs at most"));
  return look;
}

}  // namespace dl
