// How the gradient of a convolution's weight is cut into units of work: a chunk of the batch with a block of input and
// output channels, which depend on shapes only. Each unit sums its own part of the gradient, [tap, in, out]; then the
// chunks are added in order.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/cpu.h"

namespace dl {

struct WeightUnits {
  static constexpr int64_t block = 64;  // channels: the sums of a unit stay in the second-level cache

  int64_t images = 0, groups = 1, taps = 1;
  int64_t in_of_group = 0, out_of_group = 0;  // channels
  bool cuts_in = true;                        // else a unit has all input channels of its group
  int64_t lanes = 1;                          // floats of a vector

  int64_t in_blocks = 1, out_blocks = 1, chunks = 1;
  int64_t part_width = 0;                      // floats of a row [out]: whole vectors
  int64_t group_floats = 0, chunk_floats = 0;  // of a group's part, and of a chunk's, which has those of all groups

  struct Unit {
    Range images;
    int64_t group = 0;
    Range in, out;        // channels of the group
    int64_t part_at = 0;  // where the group's part begins
  };
  int64_t count() const { return chunks * groups * in_blocks * out_blocks; }
  Unit unit(int64_t index) const;

  // The unit's rows of its group's part.
  void clear(const Unit& unit, float* part) const;
  // weight[group][out][in][tap] = the sum of the chunks' parts; by all threads.
  void add_chunks(const float* parts, float* weight, CpuDevice& device) const;
};

// With what follows from the first of its members filled in.
WeightUnits cut(WeightUnits units);

}  // namespace dl
