// text: a text file cut into characters, bytes or words, each of which is predicted from those before it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/fit.h"
#include "lib/data/reader.h"
#include "lib/data/split.h"
#include "lib/data/succession.h"
#include "lib/data/text/text_encoding.h"
#include "lib/data/text/text_fit.h"
#include "lib/data/text/token_windows.h"
#include "lib/data/text/vocabulary.h"
#include "lib/data/token_line.h"

namespace dl {
namespace {

constexpr uint64_t max_bytes = uint64_t{8} << 30;

class TextTokens final : public Tokens {
 public:
  TextTokens(const std::vector<uint32_t>& numbers, std::string path) : path_(std::move(path)) {
    for (const uint32_t number : numbers) largest_ = std::max(largest_, number);
    width_ = largest_ < 1 << 8 ? 1 : largest_ < 1 << 16 ? 2 : 4;
    bytes_.resize(numbers.size() * static_cast<size_t>(width_));
    for (size_t i = 0; i < numbers.size(); ++i)
      std::memcpy(bytes_.data() + i * static_cast<size_t>(width_), &numbers[i], static_cast<size_t>(width_));
  }
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()) / width_; }
  void read(int64_t begin, int64_t count, int32_t* into, std::vector<std::byte>&) const override {
    widen(bytes_.data() + begin * width_, width_, false, count, into);
  }
  uint64_t fingerprint() const override {
    return xxh64({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}, static_cast<uint64_t>(width_));
  }
  std::string path() const override { return path_; }

 private:
  const std::string path_;
  uint32_t largest_ = 0;
  int width_ = 1;  // bytes a token
  std::vector<std::byte> bytes_;
};

// A text whose tokens have no numbers yet: windows are counted, and what they hold is fitted to the training part.
class UnfittedText final : public Dataset, public Succession, public Fittable {
 public:
  struct Parts {
    size_t begin = 0, bytes = 0;  // of the part in `whole`
    std::string whole;
    std::filesystem::path path;
    std::shared_ptr<const Tokenizer> tokenizer;
    std::optional<std::string> unknown;  // the token for those that the vocabulary lacks
    WindowSpec window;
    std::optional<int64_t> max_tokens;
    std::vector<std::string> tokens;  // in the order of their numbers; empty: those of the training part
  };
  explicit UnfittedText(Parts parts) : parts_(std::move(parts)) {
    int64_t tokens = 0;
    parts_.tokenizer->each_token(text(), parts_.path, [&](std::string_view, size_t) { ++tokens; });
    size_ = window_count(tokens, parts_.window, parts_.path.string());
    const Type window{DType::i32, {parts_.window.length}};
    fields_ = {{"x", window}, {"y", window}};
  }

  int64_t size() const override { return size_; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  bool divisible() const override { return parts_.window.windows == "sequential"; }
  bool continues() const override { return parts_.window.windows == "carried"; }
  uint64_t fingerprint() const override { return dl::xxh64(text()); }
  void get(int64_t, Sample&) const override { DL_CHECK(false, "a text that is not fitted has no samples"); }

  Node fit(std::span<const int64_t> samples) const override {
    FittedText fitted{.tokens = tokens_text(parts_.tokens.empty() ? tokens_of(samples) : parts_.tokens)};
    return write_object(fitted);
  }

  DatasetPointer fitted(const Node& fit, std::span<const int64_t> samples) const override {
    const auto vocabulary =
        std::make_shared<Vocabulary>(parts_.tokenizer, tokens_in(read_fit<FittedText>(fit).tokens), parts_.unknown);
    const auto [numbers, unknown] = vocabulary->encode(text(), parts_.path, parts_.begin, parts_.whole);
    std::vector<Problem> warnings;
    if (20 * unknown > std::ssize(numbers) && !parts_.max_tokens)
      warnings.push_back({.where = {.file = parts_.path.string()},
                          .what = concat(unknown, " of ", count_of(std::ssize(numbers), "token"),
                                         " are none of the training text's and are taken as '", *parts_.unknown, "'"),
                          .help = "validate on a text of the same kind, or train on more of it"});
    DatasetPointer windows = token_windows(std::make_shared<TextTokens>(numbers, parts_.path.string()), parts_.window,
                                           vocabulary->size(), vocabulary->tokens(), vocabulary, std::move(warnings));
    if (static_cast<int64_t>(samples.size()) == size_) return windows;
    return selection(std::move(windows), {samples.begin(), samples.end()});
  }

 private:
  std::string_view text() const { return std::string_view(parts_.whole).substr(parts_.begin, parts_.bytes); }

  // Those of some windows and their targets; of all windows those of the whole text, as where nothing stands for what
  // the others lack: a character that only the held-out windows have is no reason not to train.
  std::vector<std::string> tokens_of(std::span<const int64_t> samples) const {
    const bool all = static_cast<int64_t>(samples.size()) == size_ || !parts_.unknown;
    std::vector<bool> taken(static_cast<size_t>(size_) + 1);  // none behind the last window
    for (const int64_t sample : samples) taken[static_cast<size_t>(sample)] = true;
    const int64_t length = parts_.window.length;
    const auto counts = [&](int64_t place) {
      const auto window = static_cast<size_t>(std::min(place / length, size_));
      return all || taken[window] || (place % length == 0 && window > 0 && taken[window - 1]);
    };
    return fit_tokens(*parts_.tokenizer, text(), parts_.path, parts_.unknown, counts, parts_.max_tokens);
  }

  const Parts parts_;
  int64_t size_ = 0;
  std::vector<SampleField> fields_;
};

struct Text final : Reader {
  std::string path, level = "characters", xxh64;
  double begin = 0, end = 1;
  std::optional<std::string> line_end, unknown;
  std::optional<int64_t> max_tokens;
  WindowSpec window;
  void describe(Schema& s) override {
    s.summary("a text whose next character, byte or word is to be predicted");
    s.details(
        "A sample is a window of the text, its target the same window one token further on. The vocabulary is that of "
        "the training part, sorted, and has a number for each token; it is kept in the run's resolved config, so that "
        "the "
        "other parts, eval and generate use the same.");
    s.required("path", path, "the file, UTF-8").known_as({"file", "filename", "root", "folder", "data_dir"});
    s.optional("level", level, "what a token is; words are what stands between white space")
        .one_of(Registry<Tokenizer>::instance().names())
        .known_as({"tokenizer", "tokens", "tokenization"})
        .instead_of_value("char", "write 'characters'")
        .instead_of_value("bpe", "write 'bytes', or cut the text elsewhere and write 'format: tokens'");
    window.describe(s);
    s.optional("begin", begin, "this part begins at such a share of the text").at_least(0).below(1);
    s.optional("end", end, "and ends at such a share").above(0).at_most(1);
    s.optional("line_end", line_end, "of words: a token for the end of each line, <eos>; without it, none");
    s.optional("unknown", unknown,
               "the token for all that the training part lacks, <unk>; without it, they are errors");
    s.optional("max_tokens", max_tokens,
               "the vocabulary's size at most, with 'unknown': the most frequent; without it, all")
        .at_least(2)
        .known_as({"vocab_size", "num_words", "vocabulary"});
    s.optional("xxh64", xxh64, "hash that the file must have: xxhsum -H1 FILE");
    s.example("{format: text, path: input.txt, length: 64, windows: random, end: 0.9}");
    s.example("{format: text, path: ptb.train.txt, level: words, line_end: <eos>, length: 20, windows: carried}");
    s.example("{format: text, path: wiki.txt, level: words, length: 35, max_tokens: 10000, unknown: <unk>}");
    s.check([this](const Report& report) {
      if (begin >= end) report.at("end", concat("expected more than 'begin', ", begin, ", got ", end));
      if (max_tokens && !unknown)
        report.at("max_tokens", "the other tokens have nothing that stands for them", "write 'unknown: <unk>'");
      if (line_end && Registry<Tokenizer>::instance().has(level) && !make_tokenizer(level)->takes_line_end())
        report.at("line_end", "only words have a 'line_end'", "write 'level: words'");
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    const std::filesystem::path file = find_data(folders, path);
    std::string whole = read_file(file, max_bytes);
    if (const std::string found = hash_text(dl::xxh64(whole)); !xxh64.empty() && found != xxh64)
      throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                      .what = concat("expected xxh64 ", xxh64, ", found ", found),
                                      .help = "get the file again"});
    const auto cut = make_tokenizer(level, line_end);
    if (!cut->takes_bytes()) {
      size_t bad = invalid_utf8_at(whole);
      if (4 * static_cast<size_t>(std::ranges::count(whole, '\0')) > whole.size()) bad = not_text_at(whole);  // UTF-16
      if (bad != std::string::npos) {
        Problem problem = not_text(whole, bad, file);
        if (level == "characters") problem.help = "write 'level: bytes', or " + problem.help;
        throw Error(Exit::data, std::move(problem));
      }
      whole = with_plain_line_ends(std::move(whole));
    }
    if (whole.empty())
      throw Error(Exit::data, Problem{.where = {.file = file.string()}, .what = "expected a text, the file is empty"});
    const std::string_view text = part_of(whole, *cut);
    return std::make_shared<UnfittedText>(UnfittedText::Parts{.begin = static_cast<size_t>(text.data() - whole.data()),
                                                              .bytes = text.size(),
                                                              .whole = std::move(whole),
                                                              .path = file,
                                                              .tokenizer = cut,
                                                              .unknown = unknown,
                                                              .window = window,
                                                              .max_tokens = max_tokens,
                                                              .tokens = folders.classes});
  }

  std::vector<std::string> keys_of_fit() const override { return {"level", "max_tokens"}; }
  DatasetPointer open_fitted(const Node& fit) const override {
    const auto vocabulary = std::make_shared<Vocabulary>(make_tokenizer(level, line_end),
                                                         tokens_in(read_fit<FittedText>(fit).tokens), unknown);
    return token_windows(nullptr, window, vocabulary->size(), vocabulary->tokens(), vocabulary);
  }

 private:
  // Without a byte order mark, and with \n for \r\n.
  static std::string with_plain_line_ends(std::string text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    size_t to = text.find("\r\n");
    if (to == std::string::npos) return text;
    for (size_t from = to; from < text.size(); ++from)
      if (text[from] != '\r' || from + 1 == text.size() || text[from + 1] != '\n') text[to++] = text[from];
    text.resize(to);
    return text;
  }

  // From `begin` to `end`, where tokens begin.
  std::string_view part_of(std::string_view whole, const Tokenizer& cut) const {
    const auto at_share = [&](double share) {
      return share == 0 ? 0 : share == 1 ? whole.size() : cut.at_share(whole, share);
    };
    const size_t from = at_share(begin);
    return whole.substr(from, at_share(end) - from);
  }
};
DL_READER(Text, "text");

}  // namespace
}  // namespace dl
