// Which samples come in which batch: all indices of a set shuffled by the seed, those of like length together, or as a
// stream finds them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "lib/data/dataset.h"

namespace dl {

// The place of a batch among all that a source delivers, as a checkpoint keeps it.
struct Cursor {
  int64_t epoch = 0, batch = 0;  // of the epoch, from 0
  std::vector<int64_t> place;    // what the order needs to go on there without going over the epoch anew; may be empty
  bool operator==(const Cursor&) const = default;
};

// The samples of one batch.
struct BatchSamples {
  int64_t epoch = 0, index = 0;  // in the epoch, from 0
  bool last = false;             // of its epoch
  int64_t first = 0;             // the place of its first sample in the epoch
  int64_t length = 0;            // to which sequences are padded; 0: as the set's fields say
  std::vector<int64_t> samples;  // what Dataset::get() takes
};

struct OrderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;    // by the seed, anew in each epoch
  bool drop_last = false;  // leave out the short batch at the end of an epoch
  uint64_t seed = 0;
  // How likely each sample is drawn, by an order by index; empty: each comes once an epoch. As many are drawn as there
  // are, and of n a sample of share s of the sum comes s n times, rounded up or down.
  std::vector<double> weights;
  std::vector<int64_t> buckets;  // lengths to which sequences are padded, in rising order, the longest last; empty: one
};

// Epoch after epoch without end: a function of the data and the options. A kind of order is a class of its own.
class BatchOrder {
 public:
  virtual ~BatchOrder() = default;
  virtual int64_t per_epoch() const = 0;  // batches
  // Takes the next batch; one thread at a time.
  virtual void next(BatchSamples& into) = 0;
  // Fills in the samples of one that next() has taken, where that did not; any number of threads at once.
  virtual void resolve(BatchSamples& /*batch*/) const {}
  // Of the batch that next() takes next. A cursor without `place` is enough to seek: it costs going over the epoch.
  virtual Cursor cursor() const = 0;
  virtual void seek(const Cursor& cursor) = 0;
};

std::unique_ptr<BatchOrder> batch_order(const Dataset& data, const OrderOptions& options);

}  // namespace dl
