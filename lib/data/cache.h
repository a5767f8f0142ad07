// Samples kept in memory once they have been read.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/dataset.h"

namespace dl {

// Keeps as many samples as fit into `bytes_left`, the set's first ones, from when each is first read, and takes their
// bytes off it; the others are read each time. Pages of samples that were not read take no memory. A set that lies in
// memory anyway, or whose samples are drawn anew each time, is returned as it is.
DatasetPointer cached(DatasetPointer data, int64_t& bytes_left);

// What is taken where nobody says: half of the memory that the machine has to spare now.
int64_t spare_memory_bytes();

}  // namespace dl
