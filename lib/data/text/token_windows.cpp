// A data set of windows.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/token_windows.h"

#include <algorithm>
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/data/succession.h"
#include "lib/data/text/tokenized.h"
#include "lib/data/text/vocabulary.h"

namespace dl {
namespace {

// `T` is unsigned; negative numbers are the larger ones of its range.
template <class T>
T widen_all(const std::byte* from, int64_t count, int32_t* into) {
  T largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    T token;
    std::memcpy(&token, from + i * static_cast<int64_t>(sizeof token), sizeof token);
    into[i] = static_cast<int32_t>(token);
    largest = std::max(largest, token);
  }
  return largest;
}

class TokenWindows final : public Dataset, public Succession, public Tokenized {
 public:
  TokenWindows(std::shared_ptr<const Tokens> tokens, const WindowSpec& spec, int64_t vocabulary,
               std::vector<std::string> classes, std::shared_ptr<const Vocabulary> words, std::vector<Problem> warnings)
      : tokens_(std::move(tokens)),
        spec_(spec),
        classes_(std::move(classes)),
        words_(std::move(words)),
        warnings_(std::move(warnings)),
        size_(tokens_ ? window_count(tokens_->size(), spec, tokens_->path()) : 0),
        fields_{{"x", {DType::i32, {spec.length}}, vocabulary}, {"y", {DType::i32, {spec.length}}, vocabulary}} {
    if (classes_.empty())
      for (int64_t i = 0; i < vocabulary; ++i) classes_.push_back(std::to_string(i));
    if (tokens_) warn_of_rest();
  }

  int64_t size() const override { return size_; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  const Vocabulary* vocabulary() const override { return words_.get(); }
  std::vector<Problem> warnings() const override { return warnings_; }
  bool in_memory() const override { return true; }  // or in the system's cache
  bool divisible() const override { return spec_.windows == "sequential"; }
  bool continues() const override { return spec_.windows == "carried"; }

  void get(int64_t index, Sample& into) const override {
    const int64_t length = spec_.length;
    int64_t begin = index * length;
    if (into.random && spec_.windows == "random") begin = into.random->below(tokens_->size() - length);
    auto* x = reinterpret_cast<int32_t*>(into.fields[0]);
    auto* y = reinterpret_cast<int32_t*>(into.fields[1]);
    tokens_->read(begin, length, x, into.scratch[0]);
    std::memcpy(y, x + 1, static_cast<size_t>(length - 1) * sizeof *y);
    tokens_->read(begin + length, 1, y + length - 1, into.scratch[0]);
  }

  uint64_t fingerprint() const override {
    const uint64_t parts[] = {tokens_ ? tokens_->fingerprint() : 0, static_cast<uint64_t>(spec_.length)};
    return xxh64({reinterpret_cast<const char*>(parts), sizeof parts});
  }

 private:
  void warn_of_rest() {
    const int64_t tokens = tokens_->size(), rest = tokens - 1 - size_ * spec_.length;
    if (20 * rest > tokens && spec_.windows != "random")
      warnings_.push_back({.where = {.file = tokens_->path()},
                           .what = concat("the last ", rest, " of ", tokens, " tokens fill no window of ", spec_.length,
                                          " and are left out"),
                           .help = "lower 'length'"});
  }

  const std::shared_ptr<const Tokens> tokens_;
  const WindowSpec spec_;
  std::vector<std::string> classes_;
  const std::shared_ptr<const Vocabulary> words_;
  std::vector<Problem> warnings_;
  const int64_t size_;
  const std::vector<SampleField> fields_;
};

}  // namespace

int64_t widen(const std::byte* from, int width, bool is_signed, int64_t count, int32_t* into) {
  if (width == 1) return widen_all<uint8_t>(from, count, into);
  if (width == 2) return widen_all<uint16_t>(from, count, into);
  if (width == 8) return static_cast<int64_t>(widen_all<uint64_t>(from, count, into));
  const uint32_t largest = widen_all<uint32_t>(from, count, into);
  return is_signed ? int64_t{static_cast<int32_t>(largest)} : int64_t{largest};
}

void WindowSpec::describe(Schema& s) {
  s.required("length", length, "tokens a sample")
      .at_least(1)
      .at_most(1 << 24)
      .known_as({"seq_len", "seq_length", "sequence_length", "block_size", "context", "context_length", "window"});
  s.optional("windows", windows,
             "sequential: one after another; random: each anywhere, in training; carried: each row of a batch goes on "
             "in the next batch")
      .one_of({"sequential", "random", "carried"});
}

int64_t window_count(int64_t tokens, const WindowSpec& spec, const std::string& path) {
  if (tokens > spec.length) return (tokens - 1) / spec.length;
  throw Error(Exit::data,
              Problem{.where = {.file = path},
                      .what = concat("expected more than the ", spec.length, " tokens of a window, found ", tokens),
                      .help = "lower 'length'"});
}

DatasetPointer token_windows(std::shared_ptr<const Tokens> tokens, const WindowSpec& spec, int64_t vocabulary,
                             std::vector<std::string> classes, std::shared_ptr<const Vocabulary> words,
                             std::vector<Problem> warnings) {
  return std::make_shared<TokenWindows>(std::move(tokens), spec, vocabulary, std::move(classes), std::move(words),
                                        std::move(warnings));
}

}  // namespace dl
