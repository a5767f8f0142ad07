// Sets that are parts of another one.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
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

// Cuts a set in two, for training and for validation: `held_out` samples chosen at random (a pure function of the seed
// and the set's size), and the others, both in the set's order.
struct Parts {
  DatasetPointer kept, held_out;
};
Parts hold_out(DatasetPointer data, int64_t held_out, uint64_t seed);
// The same with such a share of each class, one sample at least in either part; a class of one sample is an
// Error(Exit::usage).
Parts hold_out_of_each(DatasetPointer data, double fraction, uint64_t seed);

}  // namespace dl
