// The spec's section `data:` — which sets, how they are split, transformed and batched — and the sets it names, opened.
#pragma once
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/loader.h"
#include "lib/data/transform.h"
#include "lib/spec/node.h"
#include "lib/spec/schema.h"

namespace dl {

struct DataSpec {
  Node train;       // NAME of datasets/NAME.yaml, or {format: READER, …}
  Node validation;  // as train, or {first: N} | {last: N} | {fraction: 0.1} of the training set; null: none
  Node test;        // as train; null: the test part of the set that `train` names, if it has one
  std::vector<std::unique_ptr<Transform>> transforms;
  int64_t batch_size = 32;
  bool shuffle = true;
  bool drop_last = false;
  std::optional<int> workers;  // loader threads; unset: none for data in memory, else one a core, at most 4
  int prefetch = 4;

  void describe(Schema& s);
};

// The opened sets, transformed; all have the same fields and classes. Headers have been read, samples have not.
struct DataSets {
  DatasetPointer train;
  DatasetPointer validation, test;   // null where there is none
  Type input;                        // of one "x" as the network is given it: f32
  Type raw_input;                    // of one "x" as the reader gives it: predict brings other images into this shape
  std::vector<std::string> classes;  // names; empty where "y" is no class

  // Starts to read the training and the validation set on threads of their own. What goes wrong there is thrown by
  // whoever needs the data.
  void load_ahead();
  // Of the training and the validation data; loads them.
  uint64_t fingerprint() const;

  std::vector<std::future<void>> loading;
};

// Opens what the spec names; `folder` is the config's, for relative names. `train` must be there. Everything that is
// wrong is added to `problems`, with its place; the sets must not be used then. `seed` chooses a random validation
// part.
DataSets open_data(const DataSpec& spec, const std::filesystem::path& folder, uint64_t seed,
                   std::vector<Problem>& problems);

// Values for ${data.classes}, ${data.features}, ${data.channels}, ${data.height}, ${data.width}, ${data.samples}:
// those that the opened sets have.
std::map<std::string, std::string> data_values(const DataSets& sets);

// One set as train or test would name it, `part` of a named one ("train", "validation", "test"), transformed as outside
// training: for `eval` and `predict` on another set. Throws Error.
DatasetPointer open_set(const DataSpec& spec, const Node& set, const std::string& part,
                        const std::filesystem::path& folder);

// Image files for `predict`, brought to the size and channels of `raw_input` and transformed as outside training; the
// only field is "x". A file that is no image is an Error(Exit::data) when its sample is read.
DatasetPointer open_images(const DataSpec& spec, std::vector<std::filesystem::path> files, const Type& raw_input);

// A loader of the training set as the spec asks, and one for evaluation: in order, all samples.
LoaderOptions training_options(const DataSpec& spec, const Dataset& data, uint64_t seed);
LoaderOptions evaluation_options(const DataSpec& spec, const Dataset& data);

}  // namespace dl
