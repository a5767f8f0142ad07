// A data set: so many samples, each with the same fields. Splitting and transforming are data sets around another one.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/resize.h"
#include "lib/data/sample.h"
#include "lib/graph/type.h"
#include "lib/spec/node.h"

namespace dl {

// One part of a sample. "y" is the target: a class or a sequence of them (i32 [], [s]), or numbers (f32 [], [k]). All
// others are inputs of the model, f32 or i32; a single one is called "x", which the reader may give as u8 too:
// [height, width, channels] or [features].
struct SampleField {
  std::string name;
  Type type;           // of one sample
  int64_t values = 0;  // i32: it counts so many things, 0 … values - 1; 0: not known
  bool operator==(const SampleField&) const = default;
};

// Numbers of a target as they are trained on: (value - shift) / scale.
struct Scaling {
  double shift = 0, scale = 1;
  bool operator==(const Scaling&) const = default;
};

// Opening one reads headers only; the samples are read by the first get(), or by load() where that suits better.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  virtual std::span<const SampleField> fields() const = 0;
  // The names of the classes that "y" counts; empty where the data are not labelled by class.
  virtual std::span<const std::string> classes() const = 0;
  // Writes sample `index` to the memory of each field. Any number of threads may call it at once; after the first
  // calls it allocates nothing, unless files are decoded. Data that are wrong are an Error(Exit::data) that names the
  // file and the sample.
  virtual void get(int64_t index, Sample& into) const = 0;
  // As get(), but the values of `field` are left where they lie, if they lie in memory as long as the set does. Returns
  // where they are: into.fields[field] where they had to be written.
  virtual const std::byte* get_in_place(int64_t index, size_t field, Sample& into) const;
  // That the sample is read soon: begins to fetch what lies in memory, so that get() need not wait for it.
  virtual void expect(int64_t /*index*/) const {}
  // As get(), but for "x", images u8 or f32 [height, width, channels], the window of the image brought to `size`.
  virtual void get_window(int64_t index, const ImageWindow& window, Pair size, Sample& into) const;

  // Reads what lies in memory during a run, if it is not there yet. Threads that need it wait.
  virtual void load() const {}
  // Whether get() only copies from memory, so that one thread of the loader is enough.
  virtual bool in_memory() const = 0;
  // Identifies the data: a run resumed on other data is told so. Loads the set.
  virtual uint64_t fingerprint() const = 0;
  // Files that could not be read so far and were replaced by their successors, where the reader was told to.
  virtual std::vector<std::string> skipped() const { return {}; }
  // What of the files is left out, or may be read otherwise than it was meant: known since the set was opened or
  // fitted.
  virtual std::vector<Problem> warnings() const { return {}; }
  // Whether some samples can be held out from the others: not where they are drawn from all over the data.
  virtual bool divisible() const { return true; }
  // Whether each sample goes on where the one before it ended.
  virtual bool continues() const { return false; }
  // What the tokens of "x" stand for; null where they are no text.
  virtual const class Vocabulary* vocabulary() const { return nullptr; }
  // A number for each sample, the same for two of the same class. Where nothing better is known it reads all samples;
  // samples without a class each are an Error(Exit::usage).
  virtual std::vector<int64_t> labels() const;
  // Where the sample was read from, for people: a file, or a file and a line; empty where its index says it all.
  virtual Where place(int64_t /*index*/) const { return {}; }
  // The set before transforms, with the same samples in the same order.
  virtual const Dataset& untransformed() const { return *this; }
  // Whether samples have a class each, and labels() reads none of them.
  virtual bool has_labels() const { return false; }
  // The name of a sample's class.
  virtual std::string class_of(int64_t index) const;
  // What to write where a "y" of numbers is meant as a class; empty where nothing helps.
  virtual std::string class_help() const { return {}; }
  // Of a "y" that is f32.
  virtual Scaling target_scaling() const { return {}; }

  // A set whose samples depend on what is fitted to the training part (means, vocabularies) has no fields until it is.
  // fit() is what these samples say, fitted() the set of these samples that follows from it; null where the samples are
  // what they are without it. What a run keeps of such a set, its fields and classes, is its fit too.
  virtual Node fit(std::span<const int64_t> /*samples*/) const { return Node::null(); }
  virtual std::shared_ptr<const Dataset> fitted(const Node& /*fit*/, std::span<const int64_t> /*samples*/) const {
    return nullptr;
  }

 protected:
  Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;
};

// Several decorators may stand around one set, so it is shared.
using DatasetPointer = std::shared_ptr<const Dataset>;

// The set's inputs, "x" first: all fields but "y".
std::vector<SampleField> inputs_of(const Dataset& data);

// The index of a set's field; a failed check where it has none of that name.
int field_index(const Dataset& data, std::string_view name);

// The samples begin, begin + 1, …, begin + count - 1 of another set.
DatasetPointer slice(DatasetPointer data, int64_t begin, int64_t count);

// The samples of these indices, in this order.
DatasetPointer selection(DatasetPointer data, std::vector<int64_t> samples);

// A set whose samples continue, so ordered that row i of a batch of `batch_size` goes on in row i of the next: row i
// has the i-th part of the samples. What fills no whole batch is left out; fewer samples than rows are an
// Error(Exit::usage).
DatasetPointer rows_that_continue(DatasetPointer data, int64_t batch_size);

// How many targets "y", i32, are of each class 0 … classes - 1. Reads all samples where nothing better is known.
std::vector<int64_t> targets_by_class(const Dataset& data, int64_t classes);

// Cuts a set in two, for training and for validation: `held_out` samples chosen at random (a pure function of the seed
// and the set's size), and the others, both in the set's order.
struct Parts {
  DatasetPointer kept, held_out;
};
Parts hold_out(DatasetPointer data, int64_t held_out, uint64_t seed);
// The same with such a share of each class, one sample at least in either part; a class of one sample is an
// Error(Exit::usage).
Parts hold_out_of_each(DatasetPointer data, double fraction, uint64_t seed);

// What all samples of the set say, and the set after fitting: itself where nothing is to be fitted.
Node fit_all(const Dataset& data);
DatasetPointer fitted(DatasetPointer data, const Node& fit);

}  // namespace dl
