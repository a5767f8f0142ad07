// text_labels: lines of a table, each a text with a class or a number: reviews, messages, sentences.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_map>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/fit.h"
#include "lib/data/labelled.h"
#include "lib/data/padded.h"
#include "lib/data/reader.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/csv_text.h"
#include "lib/data/text/text_encoding.h"
#include "lib/data/text/tokenized.h"
#include "lib/data/token_line.h"

namespace dl {
namespace {

constexpr uint64_t max_bytes = uint64_t{8} << 30;
constexpr int64_t most_tokens = 1 << 24;  // of a text

// Texts and what they are labelled by, as the file has them.
struct Rows {
  std::filesystem::path path;
  std::vector<std::string> texts, labels;  // labels: empty where the file has none
  std::vector<int64_t> lines;
  uint64_t hash = 0;
  int64_t size() const { return std::ssize(texts); }
  Where where(int64_t row) const {
    return {.file = path.string(), .line = static_cast<int>(lines[static_cast<size_t>(row)])};
  }
};

struct FittedTexts {
  std::string tokens, classes;
  int64_t length = 0;
  void describe(Schema& s) {
    s.summary("what was fitted to the training part of texts with labels");
    s.required("tokens", tokens,
               "in the order of their numbers, with spaces between; %20 is a space, %0A a line's end");
    s.optional("classes", classes, "the labels, from class 0 on, as the tokens are written; empty: they are numbers");
    s.required("length", length, "tokens of a sample, padding included").at_least(1).at_most(most_tokens);
  }
};

// What the reader's keys say beside the file.
struct Form {
  std::shared_ptr<const Tokenizer> tokenizer;
  std::string padding, unknown;
  std::optional<int64_t> max_length, max_tokens;
  std::vector<std::string> classes;
  bool of_classes = true;
};

class TextSet final : public Dataset, public Padded, public Tokenized {
 public:
  TextSet(const Rows& rows, const Form& form, const FittedTexts& fit, std::span<const int64_t> samples, bool labelled)
      : words_(form.tokenizer, tokens_in(fit.tokens), form.unknown),
        classes_(tokens_in(fit.classes)),
        length_(fit.length) {
    fields_ = {{"x", {DType::i32, {length_}}, words_.size()}, {"lengths", {DType::i32, {}}, length_ + 1}};
    if (labelled) fields_.push_back({"y", {form.of_classes ? DType::i32 : DType::f32, {}}, std::ssize(classes_)});
    for (const int64_t row : samples) add(rows, row, form, labelled);
    hash_ = xxh64({reinterpret_cast<const char*>(samples.data()), samples.size_bytes()}, rows.hash);
    if (20 * cut_ > size())
      warnings_.push_back(
          {.where = {.file = rows.path.string()},
           .what = concat(cut_, " of ", count_of(size(), "text"), " are longer than ", length_, " tokens and are cut"),
           .help = "raise 'max_length'"});
  }

  int64_t size() const override { return std::ssize(begins_) - 1; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return hash_; }
  std::vector<Problem> warnings() const override { return warnings_; }
  Where place(int64_t index) const override { return places_[static_cast<size_t>(index)]; }
  const Vocabulary* vocabulary() const override { return &words_; }

  int64_t length(int64_t index) const override {
    const auto at = static_cast<size_t>(index);
    return begins_[at + 1] - begins_[at];
  }
  std::vector<size_t> padded_fields() const override { return {0}; }
  void get(int64_t index, Sample& into) const override { get_padded(index, length_, into); }
  void get_padded(int64_t index, int64_t places, Sample& into) const override {
    const auto at = static_cast<size_t>(index);
    const auto tokens = static_cast<int32_t>(length(index));
    auto* x = reinterpret_cast<int32_t*>(into.fields[0]);
    std::memcpy(x, tokens_.data() + begins_[at], static_cast<size_t>(tokens) * sizeof *x);
    std::fill(x + tokens, x + places, 0);
    std::memcpy(into.fields[1], &tokens, sizeof tokens);
    if (fields_.size() > 2) std::memcpy(into.fields[2], &targets_[at], sizeof targets_[at]);
  }

 private:
  union Target {
    int32_t label;
    float value;
  };

  void add(const Rows& rows, int64_t row, const Form& form, bool labelled) {
    const std::string& text = rows.texts[static_cast<size_t>(row)];
    auto numbers = words_.encode(text, {}).numbers;
    cut_ += std::ssize(numbers) > length_;
    numbers.resize(std::min(numbers.size(), static_cast<size_t>(length_)));
    if (numbers.empty()) numbers.push_back(0);  // no text is one place of padding
    for (const uint32_t number : numbers) tokens_.push_back(static_cast<int32_t>(number));
    begins_.push_back(std::ssize(tokens_));
    places_.push_back(rows.where(row));
    if (labelled) targets_.push_back(target(rows, row, form));
  }

  Target target(const Rows& rows, int64_t row, const Form& form) const {
    const std::string& label = rows.labels[static_cast<size_t>(row)];
    if (!form.of_classes) {
      const auto number = cell_number(label);
      if (!number || !std::isfinite(static_cast<float>(*number)))
        throw Error(Exit::data, Problem{.where = rows.where(row),
                                        .what = concat("expected a number, found '", shortened(label), "'"),
                                        .help = "take the line out, or write 'as: class'"});
      return {.value = static_cast<float>(*number)};
    }
    const auto found = std::ranges::find(classes_, label);
    if (found == classes_.end())
      throw Error(Exit::data,
                  Problem{.where = rows.where(row),
                          .what = concat("expected one of the training part's classes, ",
                                         shortened(join(classes_), 200), ", found '", shortened(label), "'"),
                          .help = "take the line out, or name all classes in the data set's description"});
    return {.label = static_cast<int32_t>(found - classes_.begin())};
  }

  const Vocabulary words_;
  const std::vector<std::string> classes_;
  const int64_t length_;
  std::vector<SampleField> fields_;
  std::vector<int32_t> tokens_;        // of all texts, one behind another
  std::vector<int64_t> begins_ = {0};  // of each text in tokens_, and the end
  std::vector<Target> targets_;
  std::vector<Where> places_;
  int64_t cut_ = 0;  // texts that were too long
  uint64_t hash_ = 0;
  std::vector<Problem> warnings_;
};

// Labels in their order: numbers by their value, others by their bytes.
std::vector<std::string> sorted_classes(const Rows& rows, std::span<const int64_t> samples) {
  std::map<std::string, bool> seen;
  for (const int64_t row : samples) seen.emplace(rows.labels[static_cast<size_t>(row)], true);
  std::vector<std::string> classes;
  for (const auto& [label, is_there] : seen) classes.push_back(label);
  const bool numbers = std::ranges::all_of(classes, [](const std::string& c) { return cell_number(c).has_value(); });
  if (numbers)
    std::ranges::stable_sort(classes, [](const auto& a, const auto& b) { return *cell_number(a) < *cell_number(b); });
  return classes;
}

class UnfittedTexts final : public Dataset, public Labelled, public Fittable {
 public:
  UnfittedTexts(Rows rows, Form form, bool labelled)
      : rows_(std::move(rows)), form_(std::move(form)), labelled_(labelled) {}
  int64_t size() const override { return rows_.size(); }
  std::span<const SampleField> fields() const override { return {}; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return rows_.hash; }
  void get(int64_t, Sample&) const override { DL_CHECK(false, "texts that are not fitted are no samples"); }

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
    std::unordered_map<std::string_view, int64_t> times;
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
    for (const std::string& special : {form_.padding, form_.unknown}) times.erase(special);
    std::vector<std::pair<int64_t, std::string_view>> ranked;  // by -times, so that equals come in order
    for (const auto& [token, count] : times) ranked.emplace_back(-count, token);
    const auto most = static_cast<size_t>(form_.max_tokens.value_or(INT64_MAX) - 2);
    if (ranked.size() > most) {
      std::ranges::sort(ranked);
      ranked.resize(most);
    }
    std::vector<std::string> tokens;
    for (const auto& [count, token] : ranked) tokens.emplace_back(token);
    std::ranges::sort(tokens);
    tokens.insert(tokens.begin(), {form_.padding, form_.unknown});
    FittedTexts fitted{.tokens = tokens_text(tokens),
                       .length = form_.max_length.value_or(std::min(longest, most_tokens))};
    if (labelled_ && form_.of_classes)
      fitted.classes = tokens_text(form_.classes.empty() ? sorted_classes(rows_, samples) : form_.classes);
    return write_object(fitted);
  }

  DatasetPointer fitted(const Node& fit, std::span<const int64_t> samples) const override {
    return std::make_shared<TextSet>(rows_, form_, read_fit<FittedTexts>(fit), samples, labelled_);
  }

 private:
  const Rows rows_;
  const Form form_;
  const bool labelled_;
};

struct TextLabels final : Reader {
  std::string path, text = "text", label = "label", as = "class", level = "words", unknown = "<unk>";
  std::optional<std::string> delimiter;
  std::vector<std::string> names;
  std::optional<int64_t> max_length, max_tokens;
  void describe(Schema& s) override {
    s.summary("texts with a class or a number each, a line a sample");
    s.details(
        "The file is a table with a column of texts and one of labels, CSV or, with tabs, TSV, in which quotes have no "
        "meaning; its first line names the columns, unless 'names' does. 'x' are the text's tokens, padded with 0, "
        "'lengths' how many of them are no padding, which layers take as a second input: from: [x, lengths]. Token 0 "
        "is padding, 1 stands for all that the training part lacks, the others are its own, sorted; they are kept in "
        "the run's resolved config. 'data.buckets' pads texts of like length together.");
    s.required("path", path, "the file, UTF-8").known_as({"file", "filename", "root", "data_dir"});
    s.optional("text", text, "the column of texts");
    s.optional("label", label, "the column of labels").known_as({"target", "class"});
    s.optional("as", as, "what a label is: a class, or a value").one_of({"class", "value"});
    s.optional("names", names, "of the columns, where no first line names them");
    s.optional("delimiter", delimiter,
               "between cells: tab, or one character; without it tab where the name ends in .tsv")
        .known_as({"sep", "separator"});
    s.optional("level", level, "what a token is; words are what stands between white space")
        .one_of(Registry<Tokenizer>::instance().names());
    s.optional("max_length", max_length, "tokens that are read of a text; without it those of the longest in training")
        .at_least(1)
        .at_most(most_tokens)
        .known_as({"length", "max_len"});
    s.optional("max_tokens", max_tokens, "the vocabulary's size at most: the most frequent; without it, all")
        .at_least(3)
        .known_as({"vocab_size", "num_words"});
    s.optional("unknown", unknown, "the token for all that the training part lacks");
    s.example("{format: text_labels, path: reviews.tsv, text: review, label: sentiment, max_length: 200}");
    s.example("{format: text_labels, path: lines.tsv, names: [label, text], level: characters}");
    s.check([this](const Report& report) {
      if (delimiter && *delimiter != "tab" && delimiter->size() != 1)
        report.at("delimiter", concat("expected one character or tab, got '", *delimiter, "'"));
      if (unknown.empty() || unknown == padding) report.at("unknown", "expected a token of its own");
      if (text == label) report.at("label", concat("'", label, "' is the column of texts"));
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    Form own = form();
    own.classes = folders.classes;
    return std::make_shared<UnfittedTexts>(read(find_data(folders, path), true), std::move(own), true);
  }
  DatasetPointer open_fitted(const Node& fit) const override {
    return std::make_shared<TextSet>(Rows{}, form(), read_fit<FittedTexts>(fit), std::span<const int64_t>(), true);
  }
  DatasetPointer open_inputs(const std::filesystem::path& file, const Node& /*fit*/) const override {
    return std::make_shared<UnfittedTexts>(read(file, false), form(), false);
  }

 private:
  static constexpr const char* padding = "<pad>";

  Form form() const {
    return {.tokenizer = make_tokenizer(level),
            .padding = padding,
            .unknown = unknown,
            .max_length = max_length,
            .max_tokens = max_tokens,
            .of_classes = as == "class"};
  }

  Rows read(const std::filesystem::path& file, bool labelled) const {
    const bool tabs = delimiter ? *delimiter == "tab" : file.extension() == ".tsv";
    return tabs ? read_tsv(file, labelled) : read_csv(file, labelled);
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

  Rows read_csv(const std::filesystem::path& file, bool labelled) const {
    CsvForm as_written{.header = names.empty(), .names = names};
    if (delimiter) as_written.delimiter = (*delimiter)[0];
    const CsvText table(file, as_written);
    const auto [texts, labels] = columns(names.empty() ? table.names() : names, table.first_where(), labelled);
    Rows rows{.path = file, .hash = table.xxh64()};
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

  Rows read_tsv(const std::filesystem::path& file, bool labelled) const {
    std::string whole = read_file(file, max_bytes);
    if (const size_t bad = not_text_at(whole); bad != std::string::npos)
      throw Error(Exit::data, not_text(whole, bad, file));
    if (whole.starts_with("\xEF\xBB\xBF")) whole.erase(0, 3);
    Rows rows{.path = file, .hash = xxh64(whole)};
    std::pair<int64_t, int64_t> at{-1, -1};
    int64_t line = 0;
    for (size_t begin = 0; begin < whole.size();) {
      ++line;
      const size_t end = std::min(whole.find('\n', begin), whole.size());
      std::string_view text_of_line = std::string_view(whole).substr(begin, end - begin);
      begin = end + 1;
      if (text_of_line.ends_with('\r')) text_of_line.remove_suffix(1);
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
      if (at.second >= 0) rows.labels.push_back(cells[static_cast<size_t>(at.second)]);
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

  static Rows not_empty(Rows rows) {
    if (rows.size() == 0)
      throw Error(Exit::data,
                  Problem{.where = {.file = rows.path.string()}, .what = "expected lines of text, found none"});
    return rows;
  }
};
DL_READER(TextLabels, "text_labels");

}  // namespace
}  // namespace dl
