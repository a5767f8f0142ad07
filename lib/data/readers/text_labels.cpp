// text_labels: lines of a table, each a text with a class or a number: reviews, messages, sentences.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/labelled.h"
#include "lib/data/reader.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/class_order.h"
#include "lib/data/table/csv_text.h"
#include "lib/data/text/sequence_set.h"
#include "lib/data/text/text_encoding.h"
#include "lib/data/token_line.h"

namespace dl {
namespace {

constexpr uint64_t most_labelled_bytes = uint64_t{8} << 30;

// Texts and what they are labelled by, as the file has them.
struct LabelledRows {
  std::filesystem::path path;
  std::vector<std::string> texts, labels;  // labels: empty where the file has none
  std::vector<int64_t> lines;
  uint64_t hash = 0;
  int64_t size() const { return std::ssize(texts); }
  Where where(int64_t row) const {
    return {.file = path.string(), .line = static_cast<int>(lines[static_cast<size_t>(row)])};
  }
};

// What the reader's keys say beside the file.
struct Form {
  std::shared_ptr<const Tokenizer> tokenizer;
  SequenceKeys keys;
  std::vector<std::string> classes;
  bool of_classes = true;
};

class TextSet final : public SequenceSet {
 public:
  TextSet(const LabelledRows& rows, const Form& form, const FittedSequences& fit, std::span<const int64_t> samples,
          bool labelled)
      : SequenceSet(rows.path, form.keys.vocabulary(form.tokenizer, fit), fit) {
    if (labelled) set_target({form.of_classes ? DType::i32 : DType::f32, {}});
    for (const int64_t row : samples) {
      add(vocabulary()->encode(rows.texts[static_cast<size_t>(row)], {}).numbers, rows.where(row));
      if (labelled) targets_.push_back(target(rows, row, form));
    }
    set_fingerprint(rows.hash, samples);
  }

 private:
  union Target {
    int32_t label;
    float value;
  };

  Target target(const LabelledRows& rows, int64_t row, const Form& form) const {
    const std::string& label = rows.labels[static_cast<size_t>(row)];
    if (form.of_classes) return {.label = class_number(label, rows.where(row))};
    const auto number = cell_number(label);
    if (!number || !std::isfinite(static_cast<float>(*number)))
      throw Error(Exit::data, Problem{.where = rows.where(row),
                                      .what = concat("expected a number, found '", shortened(label), "'"),
                                      .help = "take the line out, or write 'as: class'"});
    return {.value = static_cast<float>(*number)};
  }

  void put_target(int64_t index, int64_t /*places*/, std::byte* y) const override {
    std::memcpy(y, &targets_[static_cast<size_t>(index)], sizeof(Target));
  }

  std::vector<Target> targets_;
};

class UnfittedTexts final : public UnfittedSequences, public Labelled {
 public:
  UnfittedTexts(LabelledRows rows, Form form, bool labelled)
      : rows_(std::move(rows)), form_(std::move(form)), labelled_(labelled) {}
  int64_t size() const override { return rows_.size(); }
  uint64_t fingerprint() const override { return rows_.hash; }

  bool has_labels() const override { return labelled_ && form_.of_classes; }
  std::vector<int64_t> labels() const override {
    if (!has_labels())
      throw Error(Exit::usage, Problem{.what = "expected texts with a class each to take a part of each class",
                                       .help = "leave 'stratified' out"});
    std::unordered_map<std::string_view, int64_t> numbers;
    std::vector<int64_t> labels;
    for (const std::string& label : rows_.labels)
      labels.push_back(numbers.emplace(label, static_cast<int64_t>(numbers.size())).first->second);
    return labels;
  }
  std::string class_of(int64_t index) const override { return rows_.labels[static_cast<size_t>(index)]; }

  Node fit(std::span<const int64_t> samples) const override {
    TokenCounts times;
    int64_t longest = 1;
    for (const int64_t row : samples) {
      int64_t tokens = 0;
      form_.tokenizer->each_token(rows_.texts[static_cast<size_t>(row)], rows_.path,
                                  [&](std::string_view token, size_t) {
                                    ++times[token];
                                    ++tokens;
                                  });
      longest = std::max(longest, tokens);
    }
    FittedSequences fitted = form_.keys.fit(std::move(times), longest);
    if (labelled_ && form_.of_classes)
      fitted.classes = tokens_text(form_.classes.empty() ? sorted_classes(labels_of(samples)) : form_.classes);
    return write_object(fitted);
  }

  DatasetPointer fitted(const Node& fit, std::span<const int64_t> samples) const override {
    return std::make_shared<TextSet>(rows_, form_, read_fit<FittedSequences>(fit), samples, labelled_);
  }

 private:
  std::vector<std::string> labels_of(std::span<const int64_t> samples) const {
    std::vector<std::string> labels;
    for (const int64_t row : samples) labels.push_back(rows_.labels[static_cast<size_t>(row)]);
    return labels;
  }

  const LabelledRows rows_;
  const Form form_;
  const bool labelled_;
};

struct TextLabels final : Reader {
  std::string path, text = "text", label = "label", as = "class", level = "words";
  std::optional<std::string> delimiter;
  std::vector<std::string> names;
  SequenceKeys keys;
  void describe(Schema& s) override {
    s.summary("texts with a class or a number each, a line a sample");
    s.also_known_as({"text_classification", "text_class", "sentiment", "texts"});
    s.details(
        "The file is a table with a column of texts and one of labels, CSV or, with tabs, TSV, in which quotes have no "
        "meaning; its first line names the columns, unless 'names' does. 'x' are the text's tokens, padded with 0, "
        "'lengths' how many of them are no padding, which layers take as a second input: from: [x, lengths]. Token 0 "
        "is padding, 1 stands for all that the training part lacks, the others are its own, sorted; they are kept in "
        "the run's resolved config. 'data.buckets' pads texts of like length together.");
    s.required("path", path, "the file, UTF-8").known_as({"file", "filename", "root", "data_dir"});
    s.optional("text", text, "the column of texts").known_as({"text_column", "text_col", "x"});
    s.optional("label", label, "the column of labels").known_as({"target", "class", "label_column", "label_col", "y"});
    s.optional("as", as, "what a label is: a class, or a value").one_of({"class", "value"});
    s.optional("names", names, "of the columns, where no first line names them");
    s.optional("delimiter", delimiter,
               "between cells: tab, or one character; without it tab where the name ends in .tsv")
        .known_as({"sep", "separator"});
    s.optional("level", level, "what a token is; words are what stands between white space")
        .one_of(Registry<Tokenizer>::instance().names())
        .known_as({"tokenizer", "tokens", "tokenization"})
        .instead_of_value("char", "write 'characters'");
    keys.describe(s);
    s.example("{format: text_labels, path: reviews.tsv, text: review, label: sentiment, max_length: 200}");
    s.example("{format: text_labels, path: lines.tsv, names: [label, text], level: characters}");
    s.check([this](const Report& report) {
      if (delimiter && *delimiter != "tab" && delimiter->size() != 1)
        report.at("delimiter", concat("expected one character or tab, got '", *delimiter, "'"));
      if (text == label) report.at("label", concat("'", label, "' is the column of texts"));
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    Form own = form();
    own.classes = folders.classes;
    return std::make_shared<UnfittedTexts>(read(find_data(folders, path), true), std::move(own), true);
  }
  std::vector<std::string> keys_of_fit() const override { return {"level", "max_tokens"}; }
  DatasetPointer open_fitted(const Node& fit) const override {
    return std::make_shared<TextSet>(LabelledRows{}, form(), read_fit<FittedSequences>(fit), std::span<const int64_t>(),
                                     true);
  }
  DatasetPointer open_inputs(const std::filesystem::path& file, const Node& /*fit*/) const override {
    return std::make_shared<UnfittedTexts>(read(file, false), form(), false);
  }

 private:
  Form form() const { return {.tokenizer = make_tokenizer(level), .keys = keys, .of_classes = as == "class"}; }

  LabelledRows read(const std::filesystem::path& file, bool labelled) const {
    const bool tabs = delimiter ? *delimiter == "tab" : file.extension() == ".tsv";
    LabelledRows rows = tabs ? read_tsv(file, labelled) : read_csv(file, labelled);
    if (const auto empty = std::ranges::find(rows.labels, ""); labelled && empty != rows.labels.end())
      throw Error(
          Exit::data,
          Problem{.where = {.file = file.string(),
                            .line = static_cast<int>(rows.lines[static_cast<size_t>(empty - rows.labels.begin())])},
                  .what = concat("expected a label in the column '", label, "', the cell is empty"),
                  .help = "take the line out"});
    return rows;
  }

  // The places of the columns of texts and of labels, the latter -1 where there is none and none is wanted.
  std::pair<int64_t, int64_t> columns(const std::vector<std::string>& given, const Where& where, bool labelled) const {
    const auto find = [&](const std::string& name, bool needed) -> int64_t {
      const auto found = std::ranges::find(given, name);
      if (found != given.end()) return found - given.begin();
      if (!needed) return -1;
      throw Error(Exit::data,
                  Problem{.where = where,
                          .what = concat("expected a column '", name, "', found ", shortened(join(given), 200)),
                          .help = "name the columns of texts and labels as 'text' and 'label', or all by "
                                  "'names: [...]' where the first line does not"});
    };
    return {find(text, true), find(label, labelled)};
  }

  LabelledRows read_csv(const std::filesystem::path& file, bool labelled) const {
    CsvForm as_written{.header = names.empty(), .names = names};
    if (delimiter) as_written.delimiter = (*delimiter)[0];
    const CsvText table(file, as_written);
    const auto [texts, labels] = columns(names.empty() ? table.names() : names, table.first_where(), labelled);
    LabelledRows rows{.path = file, .hash = table.xxh64()};
    for (int64_t row = 0; row < table.rows(); ++row) {
      const int64_t widest = std::max(texts, labels);
      if (widest >= table.columns())
        throw Error(Exit::data,
                    Problem{.where = table.where(row, 0),
                            .what = concat("expected ", count_of(widest + 1, "cell"), ", found ", table.columns())});
      rows.texts.emplace_back(table.cell(row, texts));
      if (labels >= 0) rows.labels.emplace_back(table.cell(row, labels));
      rows.lines.push_back(table.where(row, texts).line);
    }
    return not_empty(std::move(rows));
  }

  LabelledRows read_tsv(const std::filesystem::path& file, bool labelled) const {
    std::string whole = read_file(file, most_labelled_bytes);
    if (const size_t bad = not_text_at(whole); bad != std::string::npos)
      throw Error(Exit::data, not_text(whole, bad, file));
    if (whole.starts_with("\xEF\xBB\xBF")) whole.erase(0, 3);
    LabelledRows rows{.path = file, .hash = xxh64(whole)};
    std::pair<int64_t, int64_t> at{-1, -1};
    int64_t line = 0;
    for (size_t begin = 0; begin < whole.size();) {
      ++line;
      const size_t end = std::min(whole.find('\n', begin), whole.size());
      std::string_view text_of_line = std::string_view(whole).substr(begin, end - begin);
      begin = end + 1;
      while (text_of_line.ends_with('\r')) text_of_line.remove_suffix(1);
      if (text_of_line.empty()) continue;
      const std::vector<std::string> cells = cells_of(text_of_line);
      const Where where{.file = file.string(), .line = static_cast<int>(line)};
      if (at.first < 0) {
        at = columns(names.empty() ? cells : names, where, labelled);
        if (names.empty()) continue;
      }
      if (const int64_t widest = std::max(at.first, at.second); widest >= std::ssize(cells))
        throw Error(Exit::data,
                    Problem{.where = where,
                            .what = concat("expected ", widest + 1, " cells with tabs between, found ", cells.size()),
                            .help = "mend the line, or take it out"});
      rows.texts.push_back(cells[static_cast<size_t>(at.first)]);
      if (at.second >= 0) rows.labels.emplace_back(trim(cells[static_cast<size_t>(at.second)]));
      rows.lines.push_back(line);
    }
    return not_empty(std::move(rows));
  }

  static std::vector<std::string> cells_of(std::string_view line) {
    std::vector<std::string> cells;
    for (size_t begin = 0; begin <= line.size();) {
      const size_t end = std::min(line.find('\t', begin), line.size());
      cells.emplace_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
    return cells;
  }

  static LabelledRows not_empty(LabelledRows rows) {
    if (rows.size() == 0)
      throw Error(Exit::data,
                  Problem{.where = {.file = rows.path.string()}, .what = "expected lines of text, found none"});
    return rows;
  }
};
DL_READER(TextLabels, "text_labels");

}  // namespace
}  // namespace dl
