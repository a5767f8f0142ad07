// Sequences continued by a trained network, one token after another.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "lib/device/program.h"
#include "lib/nn/network.h"

namespace dl {

// How the next token is drawn from the network's values before softmax.
struct Sampling {
  double temperature = 1;  // the values are divided by it; 0: always the largest
  int64_t top_k = 0;       // only the so many largest; 0: all
  double top_p = 1;        // only the largest whose probabilities sum up to this
  uint64_t seed = 0;
};
// The token at `index` of the sequence: a pure function of all that is given. Of equal values the first goes first.
int32_t draw_token(std::span<const float> values, const Sampling& sampling, int64_t index);

// A network that takes tokens i32 [length] and gives values [length, tokens] for the one that follows each.
class Generation {
 public:
  // The store holds the weights; both must outlive it. With `cached` each layer keeps what it must know of earlier
  // positions, and a token costs one position of the network; else the whole sequence is computed for each. The tokens
  // are the same. There are so many `tokens`, of which the network may know fewer, or give values for more. Throws
  // Error (Exit::usage) where the network cannot go position by position.
  Generation(const Network& network, Store& store, bool cached = true,
             int64_t tokens = std::numeric_limits<int32_t>::max());
  ~Generation();

  int64_t length() const;  // how many tokens the network sees
  // The values for the token that follows these (one at least), of which only the last length() are seen: one for each
  // token that can follow and be gone on from. Valid until the next call. Cheap where `tokens` begin with those of the
  // last call and are no more than length(). A token that the network does not know is an Error(Exit::usage).
  std::span<const float> next(std::span<const int32_t> tokens);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
