// Parts by range, by index, by row, and at random.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/around.h"
#include "lib/data/labelled.h"
#include "lib/data/order.h"

namespace dl {
namespace {

class Slice final : public Around {
 public:
  Slice(DatasetPointer data, int64_t begin, int64_t count) : Around(std::move(data)), begin_(begin), count_(count) {}
  int64_t size() const override { return count_; }
  int64_t inner_index(int64_t index) const override { return begin_ + index; }
  uint64_t fingerprint() const override {
    const uint64_t parts[] = {data_->fingerprint(), static_cast<uint64_t>(begin_), static_cast<uint64_t>(count_)};
    return xxh64({reinterpret_cast<const char*>(parts), sizeof parts});
  }

 private:
  const int64_t begin_, count_;
};

class Selection final : public Around {
 public:
  Selection(DatasetPointer data, std::vector<int64_t> samples)
      : Around(std::move(data)), samples_(std::move(samples)) {}
  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  int64_t inner_index(int64_t index) const override { return samples_[static_cast<size_t>(index)]; }
  uint64_t fingerprint() const override {
    return xxh64({reinterpret_cast<const char*>(samples_.data()), samples_.size() * sizeof samples_[0]},
                 data_->fingerprint());
  }

 private:
  const std::vector<int64_t> samples_;
};

class Rows final : public Around {
 public:
  Rows(DatasetPointer data, int64_t rows) : Around(std::move(data)), rows_(rows), length_(data_->size() / rows) {}
  int64_t size() const override { return rows_ * length_; }
  int64_t inner_index(int64_t index) const override { return index % rows_ * length_ + index / rows_; }
  std::vector<Problem> warnings() const override {
    std::vector<Problem> warnings = data_->warnings();
    if (const int64_t rest = data_->size() - size(); 20 * rest > data_->size())
      warnings.push_back({.what = concat("the last ", count_of(rest, "window"), " of ", data_->size(),
                                         " do not fill the ", rows_, " rows of a batch and are left out"),
                          .help = "lower 'batch_size'"});
    return warnings;
  }

 private:
  const int64_t rows_, length_;
};

Parts select(const DatasetPointer& data, std::vector<int64_t> kept, std::vector<int64_t> out) {
  std::sort(out.begin(), out.end());
  std::sort(kept.begin(), kept.end());
  return {selection(data, std::move(kept)), selection(data, std::move(out))};
}

}  // namespace

DatasetPointer slice(DatasetPointer data, int64_t begin, int64_t count) {
  DL_CHECK(begin >= 0 && count >= 0 && begin <= data->size() - count, "[", begin, ", +", count, ") of ", data->size());
  return std::make_shared<Slice>(std::move(data), begin, count);
}

DatasetPointer rows_that_continue(DatasetPointer data, int64_t batch_size) {
  if (data->size() < batch_size)
    throw Error(Exit::usage, Problem{.path = "data.batch_size",
                                     .what = concat("expected a window at least for each of the ", batch_size,
                                                    " rows of a batch, the data have ", data->size()),
                                     .help = "lower 'batch_size' or 'length'"});
  return std::make_shared<Rows>(std::move(data), batch_size);
}

DatasetPointer selection(DatasetPointer data, std::vector<int64_t> samples) {
  return std::make_shared<Selection>(std::move(data), std::move(samples));
}

Parts hold_out(DatasetPointer data, int64_t held_out, uint64_t seed) {
  const int64_t size = data->size();
  DL_CHECK(held_out >= 0 && held_out <= size, held_out, " of ", size);
  const Permutation shuffled(size, random_key(seed, random_stream("held-out samples")), 0);
  std::vector<int64_t> out, kept;
  for (int64_t i = 0; i < size; ++i) (i < held_out ? out : kept).push_back(shuffled(i));
  return select(data, std::move(kept), std::move(out));
}

Parts hold_out_of_each(DatasetPointer data, double fraction, uint64_t seed) {
  std::map<int64_t, std::vector<int64_t>> classes;
  const std::vector<int64_t> labels = dl::labels(*data);
  for (size_t i = 0; i < labels.size(); ++i) classes[labels[i]].push_back(static_cast<int64_t>(i));
  std::vector<int64_t> out, kept;
  for (const auto& [label, samples] : classes) {
    const auto size = static_cast<int64_t>(samples.size());
    const auto stream = random_stream("held-out samples of each class") + static_cast<uint64_t>(label);
    const Permutation shuffled(size, random_key(seed, stream), 0);
    if (size == 1)
      throw Error(Exit::usage, Problem{.what = concat("class '", class_of(*data, samples[0]),
                                                      "' has one sample, which cannot be in both parts"),
                                       .help = "add samples of it, take it out, or leave 'stratified' out"});
    const int64_t held_out = std::clamp<int64_t>(std::llround(fraction * static_cast<double>(size)), 1, size - 1);
    for (int64_t i = 0; i < size; ++i) (i < held_out ? out : kept).push_back(samples[static_cast<size_t>(shuffled(i))]);
  }
  return select(data, std::move(kept), std::move(out));
}

}  // namespace dl
