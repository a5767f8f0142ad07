// A data set: so many samples, each with the same fields. Splitting and transforming are data sets around another one.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/sample.h"
#include "lib/graph/type.h"

namespace dl {

// Numbers as they are trained on: (value - shift) / scale.
struct Scaling {
  double shift = 0, scale = 1;
  bool operator==(const Scaling&) const = default;
};
// The same, but none where all numbers are trained on as they are.
std::vector<Scaling> unless_unscaled(std::vector<Scaling> scaling);

// One part of a sample. "y" is the target: a class or a sequence of them (i32 [], [s]), or numbers (f32 [], [k]). All
// others are inputs of the model, f32 or i32; a single one is called "x", which the reader may give as u8 too:
// [height, width, channels] or [features].
struct SampleField {
  std::string name;
  Type type;                     // of one sample
  int64_t values = 0;            // i32: it counts so many things, 0 … values - 1; 0: not known
  std::vector<Scaling> scaling;  // of a target that is f32: none, all its numbers', or one for each of the last axis
  // Of a target: what to write where numbers are meant as a class, or as another class than what is NUMBER; may be
  // empty.
  std::string class_help;
  std::string
      number_help;  // of a target that is i32: what to write where its classes are meant as numbers; may be empty
  std::string unscaled_help;  // of one that is f32: what to write so that its numbers stay as they are
  // Of a target of several numbers: what each of the last axis is of, a column or a label; empty: not known.
  std::vector<std::string> value_names;
  bool pixels = false;      // of one that is f32: decoded images, from 0 to 1, which keep 16 bits of their values
  bool boxes = false;       // boxes on the image "x", f32 [most, BoxRow::columns] (lib/graph/boxes.h)
  bool normalized = false;  // of one that is f32: shifted and scaled, whether `scaling` says it or figures are so too
  bool centred = false;     // of the same: so that its mean is 0
  std::string column;       // of a table: the column that it is of, where that has another name; else empty
  bool operator==(const SampleField&) const = default;
};

// Opening one reads headers only; the samples are read by the first get(), or by load() where that suits better. What
// only some sets can do is an interface of its own beside this one, which capability() in lib/data/capability.h finds.
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

  // Reads what lies in memory during a run, if it is not there yet. Threads that need it wait.
  virtual void load() const {}
  // Whether get() only copies from memory, so that one thread of the loader is enough.
  virtual bool in_memory() const = 0;
  // Identifies the data: a run resumed on other data is told so. Loads the set.
  virtual uint64_t fingerprint() const = 0;
  // What of the files is left out, or may be read otherwise than it was meant: known since the set was opened or
  // fitted.
  virtual std::vector<Problem> warnings() const { return {}; }
  // Where the sample was read from, for people: a file, or a file and a line; empty where its index says it all.
  virtual Where place(int64_t /*index*/) const { return {}; }

  // The set that this one stands around, null where it stands around none, and which of its samples `index` is.
  virtual const Dataset* inner() const { return nullptr; }
  virtual int64_t inner_index(int64_t index) const { return index; }

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

}  // namespace dl
