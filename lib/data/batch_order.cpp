// The orders there are: by index, by length, and of a stream.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/batch_order.h"

#include <algorithm>
#include <numeric>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/order.h"
#include "lib/data/padded.h"
#include "lib/data/streamed.h"

namespace dl {
namespace {

int64_t batches_of(int64_t samples, const OrderOptions& options) {
  return samples / options.batch_size + (samples % options.batch_size > 0 && !options.drop_last ? 1 : 0);
}

// Batches of equal size, the last of an epoch maybe smaller.
class EqualBatches : public BatchOrder {
 public:
  EqualBatches(int64_t samples, const OrderOptions& options)
      : options_(options), samples_(samples), per_epoch_(batches_of(samples, options)) {}
  int64_t per_epoch() const override { return per_epoch_; }

 protected:
  // The batch of a number through all epochs, without its samples.
  void begin(int64_t epoch, int64_t index, BatchSamples& into) const {
    into.epoch = epoch;
    into.index = index;
    into.last = index == per_epoch_ - 1;
    into.first = index * options_.batch_size;
    into.samples.resize(static_cast<size_t>(std::min(options_.batch_size, samples_ - into.first)));
  }

  const OrderOptions options_;
  const int64_t samples_, per_epoch_;
};

// By index: every place of every epoch is arithmetic.
class IndexedOrder : public EqualBatches {
 public:
  using EqualBatches::EqualBatches;

  void next(BatchSamples& into) override {
    begin(number_ / per_epoch_, number_ % per_epoch_, into);
    ++number_;
  }
  void resolve(BatchSamples& batch) const override {
    if (options_.shuffle)
      Permutation(samples_, options_.seed, batch.epoch).fill(batch.first, batch.samples);
    else
      std::iota(batch.samples.begin(), batch.samples.end(), batch.first);
  }
  Cursor cursor() const override { return {.epoch = number_ / per_epoch_, .batch = number_ % per_epoch_}; }
  void seek(const Cursor& cursor) override { number_ = cursor.epoch * per_epoch_ + cursor.batch; }

 private:
  int64_t number_ = 0;  // of the next batch, through all epochs
};

// Drawn by weights: the places of an epoch, shuffled, are spread evenly over the sum of the weights, so that chance
// moves no sample's number by more than one.
class WeightedOrder final : public IndexedOrder {
 public:
  WeightedOrder(int64_t samples, const OrderOptions& options)
      : IndexedOrder(samples, options), key_(random_key(options.seed, random_stream("weighted samples"))) {
    double sum = 0;
    for (const double weight : options.weights) until_.push_back(sum += weight);
    DL_CHECK(std::ssize(until_) == samples && sum > 0, until_.size(), " weights of ", samples);
  }
  void resolve(BatchSamples& batch) const override {
    Permutation(samples_, options_.seed, batch.epoch).fill(batch.first, batch.samples);
    for (int64_t& sample : batch.samples) {
      const double place =
          static_cast<double>(sample) +
          static_cast<double>(random_uniform(key_, static_cast<uint64_t>(batch.epoch), static_cast<uint64_t>(sample)));
      const auto found = std::ranges::upper_bound(until_, place / static_cast<double>(samples_) * until_.back());
      sample = std::min<int64_t>(found - until_.begin(), samples_ - 1);
    }
  }

 private:
  const uint64_t key_;
  std::vector<double> until_;  // sums of the weights up to each sample, with its own
};

// As a stream gives them: a pass for each epoch.
class StreamedOrder final : public EqualBatches {
 public:
  StreamedOrder(const Streamed& stream, int64_t samples, const OrderOptions& options)
      : EqualBatches(samples, options), stream_(stream) {}

  void next(BatchSamples& into) override {
    if (!pass_) pass_ = stream_.pass(options_.shuffle, options_.seed, epoch_);
    begin(epoch_, batch_, into);
    for (int64_t& sample : into.samples) sample = take(*pass_);
    if (++batch_ < per_epoch_) return;
    batch_ = 0;
    ++epoch_;
    pass_.reset();
  }
  Cursor cursor() const override {
    return {.epoch = epoch_, .batch = batch_, .place = pass_ ? pass_->place() : std::vector<int64_t>()};
  }
  void seek(const Cursor& cursor) override {
    std::unique_ptr<Pass> pass;
    if (cursor.batch > 0) {
      pass = stream_.pass(options_.shuffle, options_.seed, cursor.epoch);
      if (!cursor.place.empty())
        pass->go_to(cursor.place);
      else
        for (int64_t i = 0; i < cursor.batch * options_.batch_size; ++i) take(*pass);
    }
    pass_ = std::move(pass);
    epoch_ = cursor.epoch;
    batch_ = cursor.batch;
  }

 private:
  int64_t take(Pass& pass) const {
    if (const auto sample = pass.next()) return *sample;
    throw Error(Exit::data,
                Problem{.path = "data",
                        .what = concat("expected ", count_of(samples_, "sample"), " an epoch, there are fewer"),
                        .help = "lower 'samples', or leave it out"});
  }

  const Streamed& stream_;
  int64_t epoch_ = 0, batch_ = 0;  // of the next
  std::unique_ptr<Pass> pass_;     // null where an epoch begins
};

// Sequences of like length together: each is put into the first bucket that holds it, in the order of the epoch, and a
// bucket that is full is the next batch. At the end come those that are not full, the shortest first.
class BucketedOrder final : public BatchOrder {
 public:
  BucketedOrder(const Dataset& data, const Found<Padded>& padded, const OrderOptions& options) : options_(options) {
    std::vector<int64_t> counts(options_.buckets.size());
    bucket_of_.reserve(static_cast<size_t>(data.size()));
    for (int64_t i = 0; i < data.size(); ++i) {
      const int64_t length = padded->length(padded.index(i));
      const auto bucket = std::ranges::lower_bound(options_.buckets, length) - options_.buckets.begin();
      DL_CHECK(bucket < std::ssize(options_.buckets), "a sequence of ", length);
      bucket_of_.push_back(static_cast<uint16_t>(bucket));
      ++counts[static_cast<size_t>(bucket)];
    }
    for (const int64_t count : counts) per_epoch_ += batches_of(count, options_);
    samples_.resize(bucket_of_.size());
  }

  int64_t per_epoch() const override { return per_epoch_; }

  void next(BatchSamples& into) override {
    if (arranged_ != epoch_) arrange();
    const Part& part = parts_[static_cast<size_t>(batch_)];
    into.epoch = epoch_;
    into.index = batch_;
    into.last = batch_ == per_epoch_ - 1;
    into.first = part.begin;
    into.length = part.length;
    const auto begin = samples_.begin() + part.begin;
    into.samples.assign(begin, begin + part.count);
    if (++batch_ < per_epoch_) return;
    batch_ = 0;
    ++epoch_;
  }
  Cursor cursor() const override { return {.epoch = epoch_, .batch = batch_}; }
  void seek(const Cursor& cursor) override {
    epoch_ = cursor.epoch;
    batch_ = cursor.batch;
  }

 private:
  struct Part {
    int64_t begin, count, length;
  };

  // The epoch's batches one behind another.
  void arrange() {
    std::vector<std::vector<int64_t>> open(options_.buckets.size());
    parts_.clear();
    int64_t placed = 0;
    const auto close = [&](size_t bucket) {
      std::ranges::copy(open[bucket], samples_.begin() + placed);
      parts_.push_back({placed, std::ssize(open[bucket]), options_.buckets[bucket]});
      placed += std::ssize(open[bucket]);
      open[bucket].clear();
    };
    const Permutation shuffled(std::ssize(bucket_of_), options_.seed, epoch_);
    for (int64_t i = 0; i < std::ssize(bucket_of_); ++i) {
      const int64_t sample = options_.shuffle ? shuffled(i) : i;
      const size_t bucket = bucket_of_[static_cast<size_t>(sample)];
      open[bucket].push_back(sample);
      if (std::ssize(open[bucket]) == options_.batch_size) close(bucket);
    }
    for (size_t bucket = 0; bucket < open.size(); ++bucket)
      if (!open[bucket].empty() && !options_.drop_last) close(bucket);
    arranged_ = epoch_;
  }

  const OrderOptions options_;
  std::vector<uint16_t> bucket_of_;  // each sample
  int64_t per_epoch_ = 0;
  int64_t epoch_ = 0, batch_ = 0;  // of the next
  int64_t arranged_ = -1;          // the epoch of which samples_ and parts_ are
  std::vector<int64_t> samples_;
  std::vector<Part> parts_;  // the batches
};

}  // namespace

std::unique_ptr<BatchOrder> batch_order(const Dataset& data, const OrderOptions& options) {
  if (const auto stream = capability<Streamed>(data))
    return std::make_unique<StreamedOrder>(*stream.operator->(), data.size(), options);
  if (const auto padded = capability<Padded>(data); padded && options.buckets.size() > 1)
    return std::make_unique<BucketedOrder>(data, padded, options);
  if (!options.weights.empty()) return std::make_unique<WeightedOrder>(data.size(), options);
  return std::make_unique<IndexedOrder>(data.size(), options);
}

void each_sample(const Dataset& data, const std::function<void(int64_t)>& each) {
  const auto stream = capability<Streamed>(data);
  if (!stream) {
    for (int64_t i = 0; i < data.size(); ++i) each(i);
    return;
  }
  const std::unique_ptr<Pass> pass = stream->pass(false, 0, 0);
  for (int64_t i = 0; i < data.size(); ++i) {
    const auto sample = pass->next();
    if (!sample) return;
    each(*sample);
  }
}

}  // namespace dl
