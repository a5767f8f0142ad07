// A source of batches: one after another in the order of the set (lib/data/batch_order.h), assembled ahead of the step.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/data/batch_order.h"
#include "lib/data/batch_type.h"
#include "lib/data/dataset.h"

namespace dl {

// What a field may hold: of whole numbers (i32) 0 … count - 1, of others (f32) probabilities; and `besides`.
struct Allowed {
  size_t field = 0;
  int64_t count = 0;  // of an i32
  std::optional<int64_t> besides;
  std::string set;   // for messages: "data.train"
  std::string what;  // "a class from 0 to 9": after "expected "
  std::string help;  // what to write, where a number is another one; NUMBER stands for it
};

struct LoaderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;    // by the seed, anew in each epoch
  bool drop_last = false;  // leave out the short batch at the end of an epoch
  bool augment = false;    // training: random transforms draw numbers
  uint64_t seed = 0;
  std::vector<double> weights;   // how likely each sample is drawn; empty: each comes once an epoch
  std::vector<int64_t> buckets;  // lengths to which sequences of like length are padded, in rising order; empty: one
  int threads = 0;               // assembling batches ahead; 0: next() assembles them itself
  int prefetch = 4;              // batches ready or in the making beside the one in use, with threads > 0
  std::vector<Allowed> allowed;  // another number is an Error(Exit::data) that names the sample
};

// Batches of an epoch; 0 of a set that is smaller than a batch where short ones are left out.
int64_t batches_per_epoch(const Dataset& data, const LoaderOptions& options);

// Valid until the next call of next() or seek().
struct Batch {
  std::vector<std::byte*> fields;    // in the order of the data set's: [count, ...], contiguous, 64-byte aligned
  std::span<const int64_t> samples;  // what Dataset::get() took for each
  int64_t count = 0;                 // of them: the batch size, or fewer at the end of an epoch
  const BatchType* type = nullptr;   // the same, and the sizes of its fields
  int64_t epoch = 0;
  int64_t index = 0;  // in the epoch, from 0
  bool last = false;  // of its epoch
};

// Delivers epoch after epoch without end. What is in a batch is a function of the data, the options but for threads and
// prefetch, the epoch and the index, wherever next() began. All memory is taken at construction: prefetch + 1 batches
// (one without threads). Not for use from several threads at once.
class Loader {
 public:
  Loader(DatasetPointer data, const LoaderOptions& options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  int64_t per_epoch() const;  // batches
  // Where the next batch to be delivered stands, for seek() of a source of the same data and options.
  Cursor cursor() const;
  // What is read ahead is discarded, unless it would be next anyway.
  void seek(const Cursor& cursor);
  // The batch after the one delivered last, from the beginning on. Throws what a loader thread threw when it was
  // assembling this batch; the batches before it have been delivered then, and calling again tries again.
  const Batch& next();

  // The first value of the batch delivered last that is NaN or infinite, with its place in the set and where that
  // was read from, if it is known: "people.csv:13: sample 12: value 3 of 'x' is .nan". Costs a pass over the batch.
  std::optional<std::string> non_finite() const;

  // Seconds until now in which the caller waited for data: next() assembled a batch, or it was not ready.
  double waited_seconds() const;
  int64_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
