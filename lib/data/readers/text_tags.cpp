// text_tags: lines with a token and its tag each, sentences apart by empty lines, as CoNLL has them.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/base/thread_team.h"
#include "lib/data/reader.h"
#include "lib/data/table/class_order.h"
#include "lib/data/text/sequence_set.h"
#include "lib/data/text/text_encoding.h"
#include "lib/data/token_line.h"

namespace dl {
namespace {

constexpr uint64_t most_tagged_bytes = uint64_t{8} << 30;

// The file's tokens, one behind another, and where sentences begin among them.
struct Sentences {
  std::filesystem::path path;
  std::vector<std::string> tokens, tags;  // tags: none where none were asked for
  std::vector<int32_t> lines;             // of each token
  std::vector<int64_t> begins = {0};      // of each sentence, and the end
  uint64_t hash = 0;

  int64_t size() const { return std::ssize(begins) - 1; }
  Range of(int64_t sentence) const {
    const auto at = static_cast<size_t>(sentence);
    return {begins[at], begins[at + 1]};
  }
  Where where(int64_t token) const { return {.file = path.string(), .line = lines[static_cast<size_t>(token)]}; }
  void end_sentence() {
    if (std::ssize(tokens) > begins.back()) begins.push_back(std::ssize(tokens));
  }
};

class TaggedSet final : public SequenceSet {
 public:
  TaggedSet(const Sentences& all, const SequenceKeys& keys, const FittedSequences& fit,
            std::span<const int64_t> samples, bool tagged)
      : SequenceSet(all.path, keys.vocabulary(make_tokenizer("words"), fit), fit) {
    if (tagged) set_target({DType::i32, {longest()}});
    std::vector<uint32_t> numbers;
    for (const int64_t sentence : samples) {
      const Range range = all.of(sentence);
      numbers.clear();
      for (int64_t i = range.begin; i < range.end; ++i)
        numbers.push_back(vocabulary()->number(all.tokens[static_cast<size_t>(i)]));
      const int64_t kept = add(numbers, all.where(range.begin));
      for (int64_t i = range.begin; tagged && i < range.begin + kept; ++i)
        tags_.push_back(class_number(all.tags[static_cast<size_t>(i)], all.where(i)));
    }
    set_fingerprint(all.hash, samples);
  }

 private:
  void put_target(int64_t index, int64_t places, std::byte* y) const override {
    auto* tags = reinterpret_cast<int32_t*>(y);
    const int64_t own = length(index);
    std::copy_n(tags_.begin() + begin(index), own, tags);
    std::fill(tags + own, tags + places, 0);
  }

  std::vector<int32_t> tags_;  // of each token that is kept
};

class UnfittedSentences final : public UnfittedSequences {
 public:
  UnfittedSentences(Sentences all, SequenceKeys keys, std::vector<std::string> classes, bool tagged)
      : all_(std::move(all)), keys_(std::move(keys)), classes_(std::move(classes)), tagged_(tagged) {}
  int64_t size() const override { return all_.size(); }
  uint64_t fingerprint() const override { return all_.hash; }

  Node fit(std::span<const int64_t> samples) const override {
    TokenCounts times;
    std::vector<std::string> tags;
    int64_t longest = 1;
    for (const int64_t sentence : samples) {
      const Range range = all_.of(sentence);
      longest = std::max(longest, range.end - range.begin);
      for (int64_t i = range.begin; i < range.end; ++i) {
        ++times[all_.tokens[static_cast<size_t>(i)]];
        if (tagged_) tags.push_back(all_.tags[static_cast<size_t>(i)]);
      }
    }
    FittedSequences fitted = keys_.fit(std::move(times), longest);
    if (tagged_) fitted.classes = tokens_text(classes_.empty() ? sorted_classes(tags) : classes_);
    return write_object(fitted);
  }

  DatasetPointer fitted(const Node& fit, std::span<const int64_t> samples) const override {
    return std::make_shared<TaggedSet>(all_, keys_, read_fit<FittedSequences>(fit), samples, tagged_);
  }

 private:
  const Sentences all_;
  const SequenceKeys keys_;
  const std::vector<std::string> classes_;
  const bool tagged_;
};

struct TextTags final : Reader {
  std::string path;
  int64_t token = 1;
  std::optional<int64_t> tag;
  std::optional<std::string> delimiter, comment;
  SequenceKeys keys;
  void describe(Schema& s) override {
    s.summary("sentences with a tag for each token: names, parts of speech");
    s.details(
        "A line has a token and its tag, in columns; empty lines are between sentences, as in CoNLL's files. 'x' are "
        "the tokens, 'y' their tags, both padded with 0 to the longest sentence, 'lengths' how many are no padding: "
        "write 'cross_entropy: {lengths: lengths}' as the loss, and the metrics do as it does. Layers take it as a "
        "second input: from: [x, lengths]. The model gives a value for each class at each place. Token 0 is padding, 1 "
        "stands for all that the training part lacks, the others are its own, sorted, as its tags are; they are kept "
        "in the run's resolved config. Of CoNLL-U's ten columns the lines of several words written together (1-2) and "
        "of words left out (8.1) are no tokens. 'data.buckets' pads sentences of like length together.");
    s.required("path", path, "the file, UTF-8").known_as({"file", "filename", "root", "data_dir"});
    s.optional("token", token, "the column of tokens, from 1").at_least(1).at_most(1 << 10).known_as({"text", "word"});
    s.optional("tag", tag, "the column of tags; without it, the line's last")
        .at_least(1)
        .at_most(1 << 10)
        .known_as({"label", "target"});
    s.optional("delimiter", delimiter,
               "between columns: tab, or space, which any white space is; without it tab where the first line has one")
        .one_of({"tab", "space"})
        .known_as({"sep", "separator"});
    s.optional("comment", comment, "what lines begin with that are left out, as '#' in CoNLL-U");
    keys.describe(s);
    s.example("{format: text_tags, path: train.tsv}");
    s.example("{format: text_tags, path: en_ewt-ud-train.conllu, token: 2, tag: 4, comment: '#'}");
    s.check([this](const Report& report) {
      if (tag == token) report.at("tag", concat("column ", token, " is that of the tokens"));
      if (comment && comment->empty()) report.at("comment", "expected what such lines begin with, got nothing");
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    return std::make_shared<UnfittedSentences>(read(find_data(folders, path), true), keys, folders.classes, true);
  }
  std::vector<std::string> keys_of_fit() const override { return {"max_tokens"}; }
  DatasetPointer open_fitted(const Node& fit) const override {
    return std::make_shared<TaggedSet>(Sentences{}, keys, read_fit<FittedSequences>(fit), std::span<const int64_t>(),
                                       true);
  }
  DatasetPointer open_inputs(const std::filesystem::path& file, const Node& /*fit*/) const override {
    return std::make_shared<UnfittedSentences>(read(file, false), keys, std::vector<std::string>(), false);
  }

 private:
  using Cells = std::vector<std::string_view>;

  Sentences read(const std::filesystem::path& file, bool tagged) const {
    std::string whole = read_file(file, most_tagged_bytes);
    if (const size_t bad = not_text_at(whole); bad != std::string::npos)
      throw Error(Exit::data, not_text(whole, bad, file));
    if (whole.starts_with("\xEF\xBB\xBF")) whole.erase(0, 3);
    Sentences all{.path = file, .hash = xxh64(whole)};
    std::optional<bool> tabs;
    if (delimiter) tabs = *delimiter == "tab";
    Cells cells;
    int32_t line = 0;
    for (std::string_view rest = whole; !rest.empty();) {
      ++line;
      std::string_view text = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(text.size() + 1, rest.size()));
      while (text.ends_with('\r')) text.remove_suffix(1);
      if (comment && text.starts_with(*comment)) continue;
      if (text.find_first_not_of(" \t") == std::string_view::npos) {
        all.end_sentence();
        continue;
      }
      if (!tabs) tabs = text.find('\t') != std::string_view::npos;
      cut(text, *tabs, cells);
      if (is_beside_words(cells)) continue;
      take(cells, {.file = file.string(), .line = line}, tagged, all);
    }
    all.end_sentence();
    if (all.size() == 0)
      throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                      .what = "expected lines of a token and its tag, found none"});
    return all;
  }

  void take(const Cells& cells, const Where& where, bool tagged, Sentences& all) const {
    const int64_t found = std::ssize(cells), of_tag = tag.value_or(found);
    const int64_t needed = std::max({token, tagged ? of_tag : 1, tagged && !tag ? token + 1 : 1});
    if (found < needed)
      throw Error(Exit::data, Problem{.where = where,
                                      .what = concat("expected a token and its tag in ", count_of(needed, "column"),
                                                     ", found ", found),
                                      .help = "mend the line, or name the columns by 'token' and 'tag', and what is "
                                              "between them by 'delimiter'"});
    const std::string_view own = cells[static_cast<size_t>(token - 1)];
    const std::string_view its_tag = tagged ? cells[static_cast<size_t>(of_tag - 1)] : "";
    if (own.empty() || (tagged && its_tag.empty()))
      throw Error(Exit::data, Problem{.where = where,
                                      .what = concat("expected a ", own.empty() ? "token" : "tag", " in column ",
                                                     own.empty() ? token : of_tag, ", it is empty"),
                                      .help = "mend the line"});
    all.tokens.emplace_back(own);
    if (tagged) all.tags.emplace_back(its_tag);
    all.lines.push_back(where.line);
  }

  // Whether a line of CoNLL-U's ten columns is of no word, but of several that are written together ("1-2") or of one
  // that is left out ("8.1"): https://universaldependencies.org/format.html.
  static bool is_beside_words(const Cells& cells) {
    constexpr size_t conllu_columns = 10;
    if (cells.size() != conllu_columns) return false;
    const std::string_view id = cells[0];
    const auto digits = [](std::string_view text) {
      return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    const size_t between = id.find_first_of("-.");
    return between != std::string_view::npos && digits(id.substr(0, between)) && digits(id.substr(between + 1));
  }

  static void cut(std::string_view line, bool tabs, Cells& cells) {
    const char* between = tabs ? "\t" : " \t";
    cells.clear();
    for (size_t begin = 0; begin <= line.size();) {
      const size_t end = std::min(line.find_first_of(between, begin), line.size());
      if (tabs || end > begin) cells.push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
  }
};
DL_READER(TextTags, "text_tags");

}  // namespace
}  // namespace dl
