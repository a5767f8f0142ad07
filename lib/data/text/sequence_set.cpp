// Sequences of tokens, padded.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/sequence_set.h"

#include <algorithm>
#include <cstring>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/token_line.h"

namespace dl {
namespace {

constexpr const char* padding = "<pad>";
constexpr int64_t most_tokens = 1 << 24;  // of a sequence

}  // namespace

void FittedSequences::describe(Schema& s) {
  s.summary("what was fitted to the training part of texts with labels");
  s.required("tokens", tokens, "in the order of their numbers, with spaces between; %20 is a space, %0A a line's end");
  s.optional("classes", classes, "the labels, from class 0 on, as the tokens are written; empty: they are numbers");
  s.required("length", length, "tokens of a sample, padding included").at_least(1).at_most(most_tokens);
}

void SequenceKeys::describe(Schema& s) {
  s.optional("max_length", max_length, "tokens that are read of a text; without it those of the longest in training")
      .at_least(1)
      .at_most(most_tokens)
      .known_as({"length", "max_len", "seq_len", "sequence_length", "maxlen"});
  s.optional("max_tokens", max_tokens, "the vocabulary's size at most: the most frequent; without it, all")
      .at_least(3)
      .known_as({"vocab_size", "num_words", "vocabulary"});
  s.optional("unknown", unknown, "the token for all that the training part lacks");
  s.check([this](const Report& report) {
    if (unknown.empty() || unknown == padding) report.at("unknown", "expected a token of its own");
  });
}

FittedSequences SequenceKeys::fit(TokenCounts times, int64_t longest) const {
  for (const std::string& special : {std::string(padding), unknown}) times.erase(special);
  std::vector<std::string> tokens = frequent_tokens(times, max_tokens.value_or(INT64_MAX) - 2);
  tokens.insert(tokens.begin(), {padding, unknown});
  return {.tokens = tokens_text(tokens), .classes = {}, .length = max_length.value_or(std::min(longest, most_tokens))};
}

Vocabulary SequenceKeys::vocabulary(std::shared_ptr<const Tokenizer> tokenizer, const FittedSequences& fit) const {
  return Vocabulary(std::move(tokenizer), tokens_in(fit.tokens), unknown);
}

SequenceSet::SequenceSet(std::filesystem::path file, Vocabulary words, const FittedSequences& fit)
    : file_(std::move(file)), words_(std::move(words)), classes_(tokens_in(fit.classes)), length_(fit.length) {
  for (const std::string& name : classes_) class_numbers_.emplace(name, static_cast<int32_t>(class_numbers_.size()));
  fields_ = {{"x", {DType::i32, {length_}}, words_.size()}, {"lengths", {DType::i32, {}}, length_ + 1}};
}

void SequenceSet::set_target(Type type) { fields_.push_back({"y", std::move(type), std::ssize(classes_)}); }

int64_t SequenceSet::add(std::span<const uint32_t> numbers, Where place) {
  cut_ += std::ssize(numbers) > length_;
  const int64_t kept = std::min(std::ssize(numbers), length_);
  for (const uint32_t number : numbers.first(static_cast<size_t>(kept)))
    tokens_.push_back(static_cast<int32_t>(number));
  if (kept == 0) tokens_.push_back(0);
  begins_.push_back(std::ssize(tokens_));
  places_.push_back(std::move(place));
  return kept;
}

void SequenceSet::set_fingerprint(uint64_t file, std::span<const int64_t> samples) {
  hash_ = xxh64({reinterpret_cast<const char*>(samples.data()), samples.size_bytes()}, file);
}

int32_t SequenceSet::class_number(const std::string& name, const Where& where) const {
  if (const auto found = class_numbers_.find(name); found != class_numbers_.end()) return found->second;
  throw Error(Exit::data, Problem{.where = where,
                                  .what = concat("expected one of the training part's classes, ",
                                                 shortened(join(classes_), 200), ", found '", shortened(name), "'"),
                                  .help = "take the line out, or name all classes in the data set's description"});
}

std::vector<Problem> SequenceSet::warnings() const {
  if (20 * cut_ <= size()) return {};
  return {{.where = {.file = file_.string()},
           .what = concat(cut_, " of ", count_of(size(), "text"), " are longer than ", length_, " tokens and are cut"),
           .help = "raise 'max_length'"}};
}

int64_t SequenceSet::length(int64_t index) const { return begin(index + 1) - begin(index); }

std::vector<size_t> SequenceSet::padded_fields() const {
  if (fields_.size() > 2 && fields_[2].type.shape.rank() > 0) return {0, 2};
  return {0};
}

void SequenceSet::get_padded(int64_t index, int64_t places, Sample& into) const {
  const auto tokens = static_cast<int32_t>(length(index));
  auto* x = reinterpret_cast<int32_t*>(into.fields[0]);
  std::memcpy(x, tokens_.data() + begin(index), static_cast<size_t>(tokens) * sizeof *x);
  std::fill(x + tokens, x + places, 0);
  std::memcpy(into.fields[1], &tokens, sizeof tokens);
  if (fields_.size() > 2) put_target(index, places, into.fields[2]);
}

}  // namespace dl
