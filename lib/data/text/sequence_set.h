// Sequences of tokens of different lengths with a target: what readers of texts with labels share.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/fit.h"
#include "lib/data/padded.h"
#include "lib/data/text/text_fit.h"
#include "lib/data/text/tokenized.h"

namespace dl {

// What was fitted to the training part.
struct FittedSequences {
  std::string tokens, classes;
  int64_t length = 0;
  void describe(Schema& s);
};

// Keys of the readers.
struct SequenceKeys {
  std::string unknown = "<unk>";
  std::optional<int64_t> max_length, max_tokens;
  void describe(Schema& s);
  // Of tokens that were so often in the training part, whose longest sequence has `longest` of them. Token 0 is
  // padding, 1 stands for all that the part lacks.
  FittedSequences fit(TokenCounts times, int64_t longest) const;
  Vocabulary vocabulary(std::shared_ptr<const Tokenizer> tokenizer, const FittedSequences& fit) const;
};

// Fields "x" i32 [places], padded with 0, "lengths" i32 [] and what the set has as "y". Sequences are cut to the length
// that was fitted; one without tokens is a place of padding.
class SequenceSet : public Dataset, public Padded, public Tokenized {
 public:
  int64_t size() const final { return std::ssize(places_); }
  std::span<const SampleField> fields() const final { return fields_; }
  std::span<const std::string> classes() const final { return classes_; }
  bool in_memory() const final { return true; }
  uint64_t fingerprint() const final { return hash_; }
  std::vector<Problem> warnings() const final;
  Where place(int64_t index) const final { return places_[static_cast<size_t>(index)]; }
  const Vocabulary* vocabulary() const final { return &words_; }
  int64_t length(int64_t index) const final;
  std::vector<size_t> padded_fields() const final;
  void get(int64_t index, Sample& into) const final { get_padded(index, length_, into); }
  void get_padded(int64_t index, int64_t places, Sample& into) const final;

 protected:
  SequenceSet(std::filesystem::path file, Vocabulary words, const FittedSequences& fit);
  // "y" of that type, of one sample padded to the longest: one target a sequence, or one a place.
  void set_target(Type type);
  // The next sequence; of its tokens those that are kept.
  int64_t add(std::span<const uint32_t> numbers, Where place);
  // Of what the set was made.
  void set_fingerprint(uint64_t file, std::span<const int64_t> samples);
  // The number of a class; one that is none of the training part's is an Error(Exit::data) with that place.
  int32_t class_number(const std::string& name, const Where& where) const;
  int64_t longest() const { return length_; }
  int64_t begin(int64_t index) const { return begins_[static_cast<size_t>(index)]; }  // of all places

  virtual void put_target(int64_t index, int64_t places, std::byte* y) const = 0;

 private:
  const std::filesystem::path file_;
  const Vocabulary words_;
  const std::vector<std::string> classes_;
  std::unordered_map<std::string_view, int32_t> class_numbers_;  // of classes_
  const int64_t length_;
  std::vector<SampleField> fields_;
  std::vector<int32_t> tokens_;        // of all sequences, one behind another
  std::vector<int64_t> begins_ = {0};  // of each sequence in tokens_, and the end
  std::vector<Where> places_;
  int64_t cut_ = 0;  // sequences that were too long
  uint64_t hash_ = 0;
};

// Texts with labels before their vocabulary is known.
class UnfittedSequences : public Dataset, public Fittable {
 public:
  std::span<const SampleField> fields() const final { return {}; }
  std::span<const std::string> classes() const final { return {}; }
  bool in_memory() const final { return true; }
  void get(int64_t, Sample&) const final { DL_CHECK(false, "texts that are not fitted are no samples"); }
};

}  // namespace dl
