// Parts by range, by index, by row, and at random.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string_view>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/around.h"
#include "lib/data/capability.h"
#include "lib/data/cell_date.h"
#include "lib/data/columned.h"
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

// The parts of a set by the fold of each sample.
Parts select_fold(const DatasetPointer& data, const std::vector<int64_t>& folds, int64_t fold) {
  std::vector<int64_t> kept, out;
  for (int64_t i = 0; i < std::ssize(folds); ++i) (folds[static_cast<size_t>(i)] == fold ? out : kept).push_back(i);
  return {selection(data, std::move(kept)), selection(data, std::move(out))};
}

ColumnCells cells_of(const Dataset& data, const std::string& column, const char* key) {
  const auto columned = capability<Columned>(data);
  if (!columned)
    throw Error(Exit::usage, Problem{.what = concat("the samples have no columns that '", key, "' could name"),
                                     .help = concat("leave '", key, "' out, or name a validation set of its own")});
  const ColumnCells all = columned->cells(column);
  if (columned.has_same_indices()) return all;
  ColumnCells cells;
  for (int64_t i = 0; i < data.size(); ++i) {
    const auto at = static_cast<size_t>(columned.index(i));
    cells.texts.push_back(all.texts[at]);
    cells.missing.push_back(all.missing[at]);
    if (!all.numbers.empty()) cells.numbers.push_back(all.numbers[at]);
  }
  return cells;
}

// Cells without a value in a column by which samples are taken apart.
void expect_none_missing(const ColumnCells& cells, const std::string& column, const char* what) {
  if (const auto count = std::ranges::count(cells.missing, true); count > 0)
    throw Error(Exit::usage, Problem{.what = concat("'", column, "' says no ", what, ": ", count, " of ",
                                                    count_of(std::ssize(cells.texts), "cell"),
                                                    count == 1 ? " has" : " have", " no value"),
                                     .help = "take such rows out, or name another column"});
}

std::vector<std::string> group_cells(const Dataset& data, const std::string& column) {
  ColumnCells cells = cells_of(data, column, "group");
  expect_none_missing(cells, column, "group");
  return std::move(cells.texts);
}

// The samples of each class, or of each group, in the order in which they first come.
template <class Key>
std::vector<std::vector<int64_t>> gathered(const std::vector<Key>& keys) {
  std::map<Key, size_t> numbers;
  std::vector<std::vector<int64_t>> all;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto number = numbers.emplace(keys[i], all.size()).first->second;
    if (number == all.size()) all.emplace_back();
    all[number].push_back(static_cast<int64_t>(i));
  }
  return all;
}

std::vector<int64_t> shuffled(std::vector<int64_t> samples, const char* stream, uint64_t seed) {
  if (samples.empty()) return samples;
  const Permutation order(std::ssize(samples), random_key(seed, random_stream(stream)), 0);
  std::vector<int64_t> out(samples.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = samples[static_cast<size_t>(order(static_cast<int64_t>(i)))];
  return out;
}

std::vector<int64_t> counted(int64_t size) {
  std::vector<int64_t> all(static_cast<size_t>(size));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// A run of digits, without the zeros before it, or one other character: taken off the text's front.
std::string_view take_run(std::string_view& text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string_view run = text.substr(0, std::max<size_t>(digits, 1));
  text.remove_prefix(run.size());
  if (digits > 0) run.remove_prefix(std::min(run.find_first_not_of('0'), run.size() - 1));
  return run;
}

// Whether `a` comes behind `b` where runs of digits are numbers: "week 10" behind "week 9". Decimals of seconds are
// none.
bool comes_behind(std::string_view a, std::string_view b) {
  const auto is_digit = [](std::string_view run) { return run[0] >= '0' && run[0] <= '9'; };
  bool is_time = false;
  while (!a.empty() && !b.empty()) {
    const std::string_view own = take_run(a), other = take_run(b);
    if (own != other)
      return is_digit(own) && is_digit(other) && own.size() != other.size() ? own.size() > other.size() : own > other;
    is_time = is_time || own == ":";
    if (is_time && own == ".") return false;
  }
  return !a.empty();
}

// "29.02.2024", "2/29/24".
bool is_date_without_year_first(std::string_view text) {
  return looks_like_a_date(text) && text.find_first_not_of("0123456789") < 3;
}

// Samples by a column: by their numbers, else as text, where that is the order of what it says; equal ones as they
// come.
std::vector<int64_t> in_order(const Dataset& data, const std::string& column) {
  const ColumnCells cells = cells_of(data, column, "order");
  expect_none_missing(cells, column, "order");
  const auto& [texts, missing, numbers] = cells;
  std::vector<int64_t> order = counted(data.size());
  const auto sort_by = [&](const auto& values) {
    std::ranges::stable_sort(order, {}, [&](int64_t i) { return values[static_cast<size_t>(i)]; });
  };
  const auto fail = [&](std::string why, std::string help) {
    throw Error(Exit::usage, Problem{.what = concat("'", column, "' says no order: ", why), .help = std::move(help)});
  };
  if (!numbers.empty()) {
    sort_by(numbers);
    return order;
  }
  if (const auto date = std::ranges::find_if(texts, is_date_without_year_first); date != texts.end())
    fail(concat("the year of '", shortened(*date), "' is not first"), "write dates as 2024-05-01, or as numbers");
  sort_by(texts);
  for (size_t i = 1; i < order.size(); ++i) {
    const std::string &before = texts[static_cast<size_t>(order[i - 1])],
                      &behind = texts[static_cast<size_t>(order[i])];
    if (comes_behind(before, behind))
      fail(concat("as text '", shortened(before), "' comes before '", shortened(behind), "'"),
           "write numbers of as many digits, 09 and 10, or numbers alone");
  }
  return order;
}

// Whole groups to as many folds: the largest first, each to the fold that is then nearest to the others, by its samples
// or, where classes are given, by those of each class.
std::vector<int64_t> folds_of_groups(const std::vector<std::vector<int64_t>>& groups,
                                     const std::vector<int64_t>& classes, int64_t count, uint64_t seed) {
  const size_t kinds = classes.empty() ? 1 : static_cast<size_t>(*std::ranges::max_element(classes)) + 1;
  std::vector<double> all(kinds);
  const auto counts_of = [&](const std::vector<int64_t>& group) {
    std::vector<double> counts(kinds);
    for (const int64_t sample : group) ++counts[classes.empty() ? 0 : static_cast<size_t>(classes[size_t(sample)])];
    return counts;
  };
  int64_t samples = 0;
  for (const auto& group : groups) {
    samples += std::ssize(group);
    const auto counts = counts_of(group);
    for (size_t k = 0; k < kinds; ++k) all[k] += counts[k];
  }
  std::vector<int64_t> order = shuffled(counted(std::ssize(groups)), "folds of groups", seed);
  std::ranges::stable_sort(order,
                           [&](int64_t a, int64_t b) { return groups[size_t(a)].size() > groups[size_t(b)].size(); });
  std::vector<std::vector<double>> held(static_cast<size_t>(count), std::vector<double>(kinds));
  std::vector<int64_t> folds(static_cast<size_t>(samples));
  for (const int64_t g : order) {
    const auto counts = counts_of(groups[static_cast<size_t>(g)]);
    size_t best = 0;
    double least = 0;
    for (size_t f = 0; f < held.size(); ++f) {
      double grows = 0;  // of the sum of squares of the shares: least where the shares are equal
      for (size_t k = 0; k < kinds; ++k)
        if (all[k] > 0) grows += counts[k] * (2 * held[f][k] + counts[k]) / (all[k] * all[k]);
      if (f == 0 || grows < least) best = f, least = grows;
    }
    for (size_t k = 0; k < kinds; ++k) held[best][k] += counts[k];
    for (const int64_t sample : groups[static_cast<size_t>(g)])
      folds[static_cast<size_t>(sample)] = static_cast<int64_t>(best);
  }
  return folds;
}

// Each class a number from 0 on.
std::vector<int64_t> class_numbers(const Dataset& data) {
  std::vector<int64_t> numbers(static_cast<size_t>(data.size()));
  const auto classes = gathered(labels(data));
  for (size_t k = 0; k < classes.size(); ++k)
    for (const int64_t sample : classes[k]) numbers[static_cast<size_t>(sample)] = static_cast<int64_t>(k);
  return numbers;
}

// Of a class's samples.
void expect_two(const Dataset& data, const std::vector<int64_t>& samples) {
  if (samples.size() == 1)
    throw Error(Exit::usage, Problem{.what = concat("class '", class_of(data, samples[0]),
                                                    "' has one sample, which cannot be in both parts"),
                                     .help = "add samples of it, take it out, or leave 'stratified' out"});
}

Parts hold_out_of_each(const DatasetPointer& data, double fraction, uint64_t seed) {
  std::map<int64_t, std::vector<int64_t>> classes;
  const std::vector<int64_t> labels = dl::labels(*data);
  for (size_t i = 0; i < labels.size(); ++i) classes[labels[i]].push_back(static_cast<int64_t>(i));
  std::vector<int64_t> out, kept;
  for (const auto& [label, samples] : classes) {
    const auto size = static_cast<int64_t>(samples.size());
    const auto stream = random_stream("held-out samples of each class") + static_cast<uint64_t>(label);
    const Permutation order(size, random_key(seed, stream), 0);
    expect_two(*data, samples);
    const int64_t held_out = std::clamp<int64_t>(std::llround(fraction * static_cast<double>(size)), 1, size - 1);
    for (int64_t i = 0; i < size; ++i) (i < held_out ? out : kept).push_back(samples[static_cast<size_t>(order(i))]);
  }
  return select(data, std::move(kept), std::move(out));
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
  const std::vector<int64_t> order = shuffled(counted(size), "held-out samples", seed);
  return select(data, {order.begin() + held_out, order.end()}, {order.begin(), order.begin() + held_out});
}

Parts hold_out(DatasetPointer data, double fraction, const SplitBy& by, uint64_t seed) {
  const int64_t size = data->size(), wanted = std::llround(fraction * static_cast<double>(size));
  if (!by.order.empty()) {
    const std::vector<int64_t> order = in_order(*data, by.order);
    return select(data, {order.begin(), order.end() - wanted}, {order.end() - wanted, order.end()});
  }
  if (!by.group.empty()) {
    const auto groups = gathered(group_cells(*data, by.group));
    std::vector<int64_t> kept, out;
    int64_t left = std::ssize(groups);
    for (const int64_t g : shuffled(counted(left), "held-out groups", seed)) {
      const auto& group = groups[static_cast<size_t>(g)];
      // The group is held out that brings their number nearest to what is wanted, one at least and not all.
      const bool is_out = std::ssize(out) + std::ssize(group) / 2 < wanted || (out.empty() && left == 1);
      const bool is_last_kept = kept.empty() && left == 1 && !out.empty();
      auto& into = is_out && !is_last_kept ? out : kept;
      into.insert(into.end(), group.begin(), group.end());
      --left;
    }
    if (kept.empty() || out.empty())
      throw Error(Exit::usage,
                  Problem{.what = concat("all samples have the same '", by.group, "', and groups are not cut"),
                          .help = "leave 'group' out"});
    return select(data, std::move(kept), std::move(out));
  }
  return by.stratified ? hold_out_of_each(data, fraction, seed) : hold_out(data, wanted, seed);
}

Parts fold(DatasetPointer data, int64_t fold, int64_t count, const SplitBy& by, uint64_t seed) {
  DL_CHECK(fold >= 0 && fold < count, fold, " of ", count);
  const int64_t size = data->size();
  const auto expect_enough = [&](int64_t there, const std::string& what) {
    if (there < count + !by.order.empty())
      throw Error(Exit::usage, Problem{.what = concat(count_of(there, what), " cannot be cut into ", count, " folds"),
                                       .help = "lower 'folds'"});
  };
  expect_enough(size, "sample");
  if (!by.order.empty()) {
    const std::vector<int64_t> order = in_order(*data, by.order);
    const auto begin = order.begin() + size * (fold + 1) / (count + 1);
    return select(data, {order.begin(), begin}, {begin, order.begin() + size * (fold + 2) / (count + 1)});
  }
  if (!by.group.empty()) {
    const auto groups = gathered(group_cells(*data, by.group));
    expect_enough(std::ssize(groups), "group");
    const auto classes = by.stratified ? class_numbers(*data) : std::vector<int64_t>();
    return select_fold(data, folds_of_groups(groups, classes, count, seed), fold);
  }
  std::vector<int64_t> order;
  if (by.stratified) {
    for (const auto& samples : gathered(labels(*data))) {
      expect_two(*data, samples);
      const auto mixed = shuffled(samples, "folds of a class", seed);
      order.insert(order.end(), mixed.begin(), mixed.end());
    }
  } else {
    order = shuffled(counted(size), "folds", seed);
  }
  std::vector<int64_t> folds(order.size());  // dealt out like cards, so that each class is in all
  for (int64_t i = 0; i < size; ++i) folds[static_cast<size_t>(order[static_cast<size_t>(i)])] = i % count;
  return select_fold(data, folds, fold);
}

}  // namespace dl
