// Sums over rows that several threads make: partial results of chunks of rows, merged in order.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/loop.h"
#include "lib/graph/loop.h"

namespace dl {

// One sum, moments or total of a loop. Rows are cut at chunks and at groups; what lies between two cuts is a segment.
// Every segment is summed row after row by one thread, so its sum does not depend on how the rows were handed over;
// a group's segments are merged in order. Few columns are summed several rows at a time, each in lanes of their own.
class LoopPartials {
 public:
  LoopPartials(Loop::Result::Kind kind, bool row, int64_t group, int64_t rows, int64_t cols,
               const LoopReductions& simd);

  void set_chunk(int64_t rows);
  int64_t shared_floats() const;  // memory for all threads; a multiple of 16
  int64_t local_floats() const;   // memory for each thread; a multiple of 16

  void begin(float* shared, float* output, float* second_output);
  // Rows [r, r + n), which lie within a chunk, columns [c, c + width): x[(r' - r) * width + c' - c]. Where width < cols
  // n is 1. A total of a register with one number a row: c = 0 and width = 1.
  void add(float* local, int64_t r, int64_t n, int64_t c, int64_t width, const float* x);
  void finish();

 private:
  bool whole_groups() const { return chunk_ % group_ == 0 || chunk_ >= rows_; }
  int64_t segment_end(int64_t r) const;
  int64_t segment_begin(int64_t r) const;
  int64_t segment(int64_t r) const { return r / chunk_ + r / group_; }  // ascending; some numbers stand for nothing
  int64_t segments() const { return segment(rows_ - 1) + 1; }
  void add_segment(float* local, int64_t begin, int64_t r, int64_t n, int64_t c, int64_t width, const float* x);
  void end_segment(float* local, int64_t begin, int64_t end, int64_t c, int64_t width);
  void merge_moments(int64_t group);

  const Loop::Result::Kind kind_;
  const int64_t rows_, cols_, group_;
  const LoopReductions& simd_;
  const int64_t lanes_;  // rows summed side by side
  int64_t chunk_ = 1;
  float* shared_ = nullptr;
  float* output_ = nullptr;
  float* second_ = nullptr;
};

}  // namespace dl
