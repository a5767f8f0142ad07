// What one thread needs to read samples: where the values go, and the sample's random numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/base/random.h"

namespace dl {

// The random numbers of one sample in one epoch, one after another: they depend on nothing else, so neither on the
// number of loader threads nor on where a run was resumed.
class SampleRandom {
 public:
  SampleRandom(uint64_t seed, int64_t epoch, int64_t position)
      : key_(random_key(seed, stream)), epoch_(epoch), position_(position) {}

  uint32_t bits() { return philox(key_, static_cast<uint64_t>(position_) << 20 | drawn_++, uint64_t(epoch_))[0]; }
  float uniform() { return static_cast<float>(bits() >> 8) * 0x1p-24f; }  // in [0, 1)
  int64_t below(int64_t n) {
    return static_cast<int64_t>(uint64_t{bits()} * static_cast<uint64_t>(n) >> 32);
  }  // n < 2^32
  bool drew() const { return drawn_ > 0; }

 private:
  static constexpr uint64_t stream = random_stream("augmentation");
  uint64_t key_;
  int64_t epoch_, position_;
  uint64_t drawn_ = 0;
};

// Asks the processor for memory that is read soon, for the beginning of it where it is much.
inline void fetch(const void* memory, size_t bytes) {
  for (size_t at = 0; at < bytes + 63 && at < 1024; at += 64) __builtin_prefetch(static_cast<const char*>(memory) + at);
}

// What a transform draws for a sample, whatever the numbers mean to it.
using Drawn = std::array<double, 10>;

// Reused from sample to sample. `fields` points at memory of the caller, one block a field of the data set.
struct Sample {
  std::vector<std::byte*> fields;
  SampleRandom* random = nullptr;  // null outside training: random transforms then do their plain counterpart
  int corner = 0;                  // outside training, of a crop: TestView::corner
  std::vector<std::byte> whole;    // an image of which a window is wanted
  // Of the transforms: what they drew, where the results of the fields go, raw values and those in between.
  std::vector<Drawn> drawn;
  std::vector<std::byte*> results;
  std::vector<std::vector<std::byte>> raw;
  std::array<std::vector<std::byte>, 2> scratch;
};

}  // namespace dl
