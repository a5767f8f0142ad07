// Sets that are parts of another one.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lib/data/dataset.h"

namespace dl {

// The samples begin, begin + 1, …, begin + count - 1 of another set.
DatasetPointer slice(DatasetPointer data, int64_t begin, int64_t count);

// The samples of these indices, in this order.
DatasetPointer selection(DatasetPointer data, std::vector<int64_t> samples);

// A set whose samples continue, so ordered that row i of a batch of `batch_size` goes on in row i of the next: row i
// has the i-th part of the samples. What fills no whole batch is left out; fewer samples than rows are an
// Error(Exit::usage).
DatasetPointer rows_that_continue(DatasetPointer data, int64_t batch_size);

// What a set is cut into: samples for training and for validation, both in the set's order.
struct Parts {
  DatasetPointer kept, held_out;
};

// Holds out so many samples at random, a pure function of the seed and the set's size.
Parts hold_out(DatasetPointer data, int64_t held_out, uint64_t seed);

// How samples are chosen. Nothing said: each alike.
struct SplitBy {
  bool stratified = false;   // as many of each class
  std::string group, order;  // a column: samples alike in it stay together; or come one after another by it
  bool operator==(const SplitBy&) const = default;
};

// Holds out that share of the samples: chosen at random, a pure function of the seed and the set; of each class one at
// least and not all; whole groups; or the last by an order. A class of one sample, groups or an order of a set without
// such a column and too few groups are an Error(Exit::usage).
Parts hold_out(DatasetPointer data, double fraction, const SplitBy& by, uint64_t seed);

// The part number `fold`, from 0 on, of so many is held out: each sample is in one of them, which differ by a sample at
// most, or by a group. By an order the samples are cut into a part more, training has those before the one held out,
// and the first is never held out.
Parts fold(DatasetPointer data, int64_t fold, int64_t count, const SplitBy& by, uint64_t seed);

}  // namespace dl
