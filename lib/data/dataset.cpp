// Splitting: data sets that are parts of another one.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/order.h"

namespace dl {
namespace {

// Everything of the set it stands around but for the samples.
class Part : public Dataset {
 public:
  explicit Part(DatasetPointer data) : data_(std::move(data)) {}
  void get(int64_t index, Sample& into) const final { data_->get(original(index), into); }
  void expect(int64_t index) const final { data_->expect(original(index)); }
  const std::byte* get_in_place(int64_t index, size_t field, Sample& into) const final {
    return data_->get_in_place(original(index), field, into);
  }
  void get_window(int64_t index, const ImageWindow& window, Pair size, Sample& into) const final {
    data_->get_window(original(index), window, size, into);
  }
  std::span<const SampleField> fields() const override { return data_->fields(); }
  std::span<const std::string> classes() const override { return data_->classes(); }
  void load() const override { data_->load(); }
  bool in_memory() const override { return data_->in_memory(); }
  std::vector<std::string> skipped() const override { return data_->skipped(); }
  std::vector<Problem> warnings() const override { return data_->warnings(); }
  bool divisible() const override { return data_->divisible(); }
  bool continues() const override { return data_->continues(); }
  const Vocabulary* vocabulary() const override { return data_->vocabulary(); }
  Scaling target_scaling() const override { return data_->target_scaling(); }
  Where place(int64_t index) const final { return data_->place(original(index)); }
  std::vector<int64_t> labels() const override {
    const std::vector<int64_t> all = data_->labels();
    std::vector<int64_t> own;
    for (int64_t i = 0; i < size(); ++i) own.push_back(all[static_cast<size_t>(original(i))]);
    return own;
  }
  bool has_labels() const override { return data_->has_labels(); }
  std::string class_of(int64_t index) const override { return data_->class_of(original(index)); }
  std::string class_help() const override { return data_->class_help(); }
  Node fit(std::span<const int64_t> samples) const override { return data_->fit(originals(samples)); }
  DatasetPointer fitted(const Node& fit, std::span<const int64_t> samples) const override {
    return data_->fitted(fit, originals(samples));
  }

 protected:
  std::vector<int64_t> originals(std::span<const int64_t> samples) const {
    std::vector<int64_t> originals;
    for (int64_t sample : samples) originals.push_back(original(sample));
    return originals;
  }
  // The sample's index in the whole set.
  virtual int64_t original(int64_t index) const = 0;

  const DatasetPointer data_;
};

class Slice final : public Part {
 public:
  Slice(DatasetPointer data, int64_t begin, int64_t count) : Part(std::move(data)), begin_(begin), count_(count) {}
  int64_t size() const override { return count_; }
  uint64_t fingerprint() const override {
    const uint64_t parts[] = {data_->fingerprint(), static_cast<uint64_t>(begin_), static_cast<uint64_t>(count_)};
    return xxh64({reinterpret_cast<const char*>(parts), sizeof parts});
  }

 private:
  int64_t original(int64_t index) const override { return begin_ + index; }
  const int64_t begin_, count_;
};

class Selection final : public Part {
 public:
  Selection(DatasetPointer data, std::vector<int64_t> samples) : Part(std::move(data)), samples_(std::move(samples)) {}
  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  uint64_t fingerprint() const override {
    return xxh64({reinterpret_cast<const char*>(samples_.data()), samples_.size() * sizeof samples_[0]},
                 data_->fingerprint());
  }

 private:
  int64_t original(int64_t index) const override { return samples_[static_cast<size_t>(index)]; }
  const std::vector<int64_t> samples_;
};

class Rows final : public Part {
 public:
  Rows(DatasetPointer data, int64_t rows) : Part(std::move(data)), rows_(rows), length_(data_->size() / rows) {}
  int64_t size() const override { return rows_ * length_; }
  std::vector<Problem> warnings() const override {
    std::vector<Problem> warnings = data_->warnings();
    if (const int64_t rest = data_->size() - size(); 20 * rest > data_->size())
      warnings.push_back({.what = concat("the last ", count_of(rest, "window"), " of ", data_->size(),
                                         " do not fill the ", rows_, " rows of a batch and are left out"),
                          .help = "lower 'batch_size'"});
    return warnings;
  }
  uint64_t fingerprint() const override { return data_->fingerprint(); }

 private:
  int64_t original(int64_t index) const override { return index % rows_ * length_ + index / rows_; }
  const int64_t rows_, length_;
};

Parts select(const DatasetPointer& data, std::vector<int64_t> kept, std::vector<int64_t> out) {
  std::sort(out.begin(), out.end());
  std::sort(kept.begin(), kept.end());
  return {selection(data, std::move(kept)), selection(data, std::move(out))};
}

}  // namespace

std::vector<SampleField> inputs_of(const Dataset& data) {
  std::vector<SampleField> inputs;
  for (const SampleField& field : data.fields())
    if (field.name != "y") inputs.push_back(field);
  std::stable_partition(inputs.begin(), inputs.end(), [](const SampleField& f) { return f.name == "x"; });
  return inputs;
}

int field_index(const Dataset& data, std::string_view name) {
  const auto fields = data.fields();
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const SampleField& f) { return f.name == name; });
  DL_CHECK(found != fields.end(), "no field ", name);
  return static_cast<int>(found - fields.begin());
}

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
  const std::vector<int64_t> labels = data->labels();
  for (size_t i = 0; i < labels.size(); ++i) classes[labels[i]].push_back(static_cast<int64_t>(i));
  std::vector<int64_t> out, kept;
  for (const auto& [label, samples] : classes) {
    const auto size = static_cast<int64_t>(samples.size());
    const auto stream = random_stream("held-out samples of each class") + static_cast<uint64_t>(label);
    const Permutation shuffled(size, random_key(seed, stream), 0);
    if (size == 1)
      throw Error(Exit::usage, Problem{.what = concat("class '", data->class_of(samples[0]),
                                                      "' has one sample, which cannot be in both parts"),
                                       .help = "add samples of it, take it out, or leave 'stratified' out"});
    const int64_t held_out = std::clamp<int64_t>(std::llround(fraction * static_cast<double>(size)), 1, size - 1);
    for (int64_t i = 0; i < size; ++i) (i < held_out ? out : kept).push_back(samples[static_cast<size_t>(shuffled(i))]);
  }
  return select(data, std::move(kept), std::move(out));
}

std::string Dataset::class_of(int64_t index) const {
  const auto label = static_cast<size_t>(labels().at(static_cast<size_t>(index)));
  return label < classes().size() ? classes()[label] : std::to_string(label);
}

const std::byte* Dataset::get_in_place(int64_t index, size_t field, Sample& into) const {
  get(index, into);
  return into.fields[field];
}

void Dataset::get_window(int64_t index, const ImageWindow& window, Pair size, Sample& into) const {
  const auto x = static_cast<size_t>(field_index(*this, "x"));
  const Type& type = fields()[x].type;
  std::byte* const result = into.fields[x];
  into.whole.resize(std::max(into.whole.size(), static_cast<size_t>(type.bytes())));
  into.fields[x] = into.whole.data();
  const std::byte* const image = get_in_place(index, x, into);
  into.fields[x] = result;
  resize_window(image, type.dtype, image_type(type, {}), window, result, size);
}

namespace {

// Every number of the field "y", i32, sample for sample.
void each_target(const Dataset& data, size_t y, const std::function<void(int32_t)>& each) {
  Sample sample;
  std::vector<std::vector<std::byte>> values;
  for (const SampleField& field : data.fields()) values.emplace_back(static_cast<size_t>(field.type.bytes()));
  for (std::vector<std::byte>& value : values) sample.fields.push_back(value.data());
  std::vector<int32_t> targets(static_cast<size_t>(data.fields()[y].type.shape.elements()));
  for (int64_t i = 0; i < data.size(); ++i) {
    data.get(i, sample);
    std::memcpy(targets.data(), sample.fields[y], targets.size() * sizeof(int32_t));
    std::ranges::for_each(targets, each);
  }
}

}  // namespace

std::vector<int64_t> Dataset::labels() const {
  const auto y = static_cast<size_t>(field_index(*this, "y"));
  if (const Type& type = fields()[y].type; type != Type{DType::i32, {}})
    throw Error(Exit::usage, Problem{.what = concat("expected samples with a class each to take a part of each class, "
                                                    "found targets of type ",
                                                    name_of(type.dtype), " and shape ", type.shape.text()),
                                     .help = "leave 'stratified' out"});
  std::vector<int64_t> labels;
  each_target(*this, y, [&](int32_t label) { labels.push_back(label); });
  return labels;
}

std::vector<int64_t> targets_by_class(const Dataset& data, int64_t classes) {
  const auto y = static_cast<size_t>(field_index(data, "y"));
  // Of more classes than targets one is left without, which the first of them tell: `classes` may be absurd.
  const int64_t told = std::min(classes, data.size() * data.fields()[y].type.shape.elements() + 1);
  std::vector<int64_t> counts(static_cast<size_t>(told), 0);
  const auto count = [&](int64_t label) {
    if (label >= 0 && label < told) ++counts[static_cast<size_t>(label)];
  };
  if (data.fields()[y].type.shape.rank() == 0)
    for (const int64_t label : data.labels()) count(label);
  else
    each_target(data, y, count);
  return counts;
}

namespace {

std::vector<int64_t> all_samples(const Dataset& data) {
  std::vector<int64_t> samples(static_cast<size_t>(data.size()));
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

}  // namespace

Node fit_all(const Dataset& data) { return data.fit(all_samples(data)); }

DatasetPointer fitted(DatasetPointer data, const Node& fit) {
  DatasetPointer after = data->fitted(fit, all_samples(*data));
  return after ? after : data;
}

}  // namespace dl
