// The spec's section `data:` — which sets, how they are split, transformed and batched — and the sets it names, opened.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/cache_spec.h"
#include "lib/data/loader.h"
#include "lib/data/source.h"
#include "lib/data/split.h"
#include "lib/data/transform.h"
#include "lib/nn/batch_transform.h"
#include "lib/spec/one_or_more.h"

namespace dl {

// `{first: 5000}`, `{last: 5000}` or `{fraction: 0.1}` of the training set, which then is trained on without them; or a
// source of its own.
struct Validation {
  std::optional<int64_t> first, last;
  std::optional<double> fraction;  // chosen at random by the seed
  SplitBy by;                      // what is chosen
  Source source;
  Where where;
  void describe(Schema& s);  // of all but the source
};

template <>
struct Codec<Validation> {
  static bool read(const Node& node, Validation& value, const Limits& limits, const Reading& r);
  static Node write(const Validation& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
  static std::shared_ptr<const OwnedSchema> inner();
};

// The training set cut into so many parts, of which one is held out for validation.
struct Folds {
  int64_t count = 0;
  SplitBy by;
  Where where;
  void describe(Schema& s);
};

struct DataSpec {
  Source train;
  std::optional<Validation> validation;  // unset: the validation part of the set that `train` names, if it has one
  std::optional<Folds> folds;
  int64_t fold = 1;            // of them, from 1 on
  std::optional<Source> test;  // unset: the test part of the set that `train` names, if it has one
  std::vector<std::unique_ptr<Transform>> transforms;
  std::vector<std::unique_ptr<BatchTransform>> batch_transforms;
  OneOrMore<std::string> test_time;  // lib/data/test_views.h
  int64_t views = 1;                 // that transforms make of each sample
  int64_t batch_size = 32;
  bool shuffle = true;
  bool balanced = false;  // training samples are drawn so that all classes come as often
  bool drop_last = false;
  std::vector<int64_t> buckets;  // lengths to which sequences of like length are padded
  std::optional<int> workers;    // loader threads; unset: one for data in memory, else one a core, at most 4
  int prefetch = 4;
  std::optional<CacheSpec> cache;  // unset: as much memory as the machine can spare
  Node fitted;                     // by a run to its training data, for sets that need it: lib/data/fit.h
  Where where;
  void describe(Schema& s);
};

// The sets whose samples are wanted. A training set of which nothing is read is not looked for where `fitted` says what
// its samples are like: it has no samples then.
struct SetsToRead {
  bool train = true, validation = true, test = true;
  static SetsToRead only(const std::string& name) { return {name == "train", name == "val", name == "test"}; }
  static SetsToRead none() { return {false, false, false}; }
  bool all() const { return train && validation && test; }  // as for training
};

// The opened sets, transformed; all have the same fields and classes. Headers have been read, samples have not.
struct DataSets {
  DatasetPointer train;
  DatasetPointer rows;                  // of `train`, where it lives on the device: their numbers; else null
  DatasetPointer validation, test;      // null where there is none, or none is to be read
  std::vector<SampleField> inputs;      // as the network is given them, f32 or i32; "x" first
  Type target;                          // of one "y", if there is such a field
  std::vector<Scaling> target_scaling;  // of one that is numbers: SampleField::scaling
  Type raw_input;           // of the first input as the reader gives it; `predict` brings images into this form
  bool raw_pixels = false;  // SampleField::pixels of the same
  std::vector<std::string> classes;  // names; empty where "y" is no class
  Node fitted;                       // as DataSpec::fitted says, else to the training set; null where nothing is

  std::string class_help;         // what to write where targets that are numbers are meant as classes; may be empty
  std::vector<Problem> warnings;  // of all that were opened, each with its place

  int64_t batches_per_epoch = 0;  // of training

  std::vector<std::string> names;  // of those that the spec names: "train", "val", "test"
  // What training is fed with.
  const DatasetPointer& fed() const { return rows ? rows : train; }
  // The set of such a name, which was to be read; Error(Exit::usage) lists the names there are.
  const DatasetPointer& part(const std::string& name) const;

  // Starts to read the training and the validation set on threads of their own. What goes wrong there is thrown by
  // whoever needs the data.
  void load_ahead();
  // Of the training and the validation data; loads them.
  uint64_t fingerprint() const;

  std::vector<std::future<void>> loading;
};

// Opens what the spec names. Relative names are looked for beside the file that wrote them, then in `folder`, then in
// the current one. Everything that is wrong is added to `problems`, with its place; then the sets must not be used.
// `seed` chooses a random validation part.
DataSets open_data(const DataSpec& spec, const std::filesystem::path& folder, uint64_t seed,
                   std::vector<Problem>& problems, const SetsToRead& read = {});

// Values for ${data.classes}, ${data.features} and so on, of the first input and the target, those that the sets have,
// and lists of the inputs' names and of how many numbers those of one whole number have. To be named in
// LoadOptions::later by data_value_names(); the stand-ins are for data that could not be opened.
std::map<std::string, Node> data_values(const DataSets& sets);
std::map<std::string, Node> data_stand_ins();
std::vector<std::string> data_value_names();

// Another set for `predict`: a described one (its test part, or its training part where it has none), or a reader's
// keys. With what was fitted to the training data, transformed as outside training; what has no names for classes or
// labels of its own has `names`, those of the training data. Throws Error.
DatasetPointer open_other(const DataSpec& spec, const Source& source, const std::filesystem::path& folder,
                          const std::vector<std::string>& names);

// What the numbers of "y" mean: the names of the classes that it counts, else of the labels that it has.
std::vector<std::string> names_of_target(const Dataset& data);
// Whether a number means the same in both; true too where the names of either are numbers.
bool same_classes(std::span<const std::string> some, std::span<const std::string> others);

// A file of rows for `predict`, read as the training part is and with what was fitted to it; null where the training
// part's reader reads no such files.
DatasetPointer open_rows(const DataSpec& spec, const std::filesystem::path& file, const std::filesystem::path& folder,
                         const Node& fitted);

// Image files for `predict`, brought to the size, channels and type of `raw_input`, f32 only of pixels, and transformed
// as outside training; the only field is "x".
struct ImageFiles {
  DatasetPointer data;
  // What was wrong with a file when its sample was read; nothing where it was read, else the sample is zeros.
  std::function<std::optional<Problem>(int64_t index)> problem;
};
ImageFiles open_images(const DataSpec& spec, std::vector<std::filesystem::path> files, const Type& raw_input,
                       bool raw_pixels = false);

// A loader's options: for training as the spec asks, for evaluation all samples in order.
LoaderOptions training_options(const DataSpec& spec, const Dataset& data, uint64_t seed);
// Of the training samples where the spec asks for balanced classes; else empty. May read all samples.
std::vector<double> sample_weights(const DataSpec& spec, const Dataset& data);
LoaderOptions evaluation_options(const DataSpec& spec, const Dataset& data);

}  // namespace dl
