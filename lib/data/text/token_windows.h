// Windows of a long run of tokens: "x" are `length` tokens, "y" the same places one token further on.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/spec/schema.h"

namespace dl {

// Tokens 0 … size() - 1. Threads share it.
class Tokens {
 public:
  virtual ~Tokens() = default;
  virtual int64_t size() const = 0;
  // The tokens from `begin` on; `scratch` is the caller's, reused from call to call.
  virtual void read(int64_t begin, int64_t count, int32_t* into, std::vector<std::byte>& scratch) const = 0;
  virtual uint64_t fingerprint() const = 0;
  virtual std::string path() const = 0;
};

// Numbers of 1, 2, 4 or 8 bytes, little-endian, made i32. Returns the largest; where `is_signed`, a negative one counts
// as larger than all others.
int64_t widen(const std::byte* from, int width, bool is_signed, int64_t count, int32_t* into);

// How windows are taken; keys of every reader of tokens.
//   sequential: one after another, without overlap; the rest that fills no window is left out
//   random: in training each begins anywhere, drawn anew for each sample of each epoch; an epoch has as many as there
//   are
//           sequential ones, which are what is taken outside training
//   carried: sequential, so ordered that row i of a batch goes on in row i of the next: truncated backpropagation
struct WindowSpec {
  int64_t length = 0;
  std::string windows = "sequential";
  void describe(Schema& s);
};

// How many windows there are in so many tokens. Fewer than a window and its target need are an Error(Exit::data) of the
// file `path`.
int64_t window_count(int64_t tokens, const WindowSpec& spec, const std::string& path);

// `classes` are the tokens' names; empty: their numbers. Without `tokens` there are no samples, but their fields.
// `warnings` are of the text; that much of it fills no window is added.
DatasetPointer token_windows(std::shared_ptr<const Tokens> tokens, const WindowSpec& spec, int64_t vocabulary,
                             std::vector<std::string> classes = {},
                             std::shared_ptr<const class Vocabulary> words = nullptr,
                             std::vector<Problem> warnings = {});

}  // namespace dl
