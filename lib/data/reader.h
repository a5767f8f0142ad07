// A reader: opens files of one format as a data set. Leaves register as DL_READER(Idx, "idx").
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

// Where the files of a data set are looked for.
struct Folders {
  std::vector<std::filesystem::path> roots;  // for relative names, in this order
  std::string get;                           // what a user does to get the files; may be empty
  std::vector<std::string> classes;          // their names; empty: the reader's
};

// The file or folder of this name, in the first root that has it; Error(Exit::data) says where it was looked for.
std::filesystem::path find_data(const Folders& folders, const std::string& name);

// The files that a name stands for, by name: one that is there is itself; in others '*', '?' and '[a-z]' stand for
// characters, as in a shell, and the first root that has such files counts. None: Error(Exit::data).
std::vector<std::filesystem::path> find_all_data(const Folders& folders, const std::string& name);

struct Reader : Described {
  static constexpr const char* kind = "reader";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for
  // Reads no more than headers and folders' listings. Files that are missing or whose headers are wrong are an
  // Error(Exit::data) that names the file, what was found and what was expected.
  virtual DatasetPointer open(const Folders& folders) const = 0;
  // The training part as far as its fit says (Fittable): fields and classes, but no samples, and no file is opened.
  // Null where nothing is fitted.
  virtual DatasetPointer open_fitted(const Node& /*fit*/) const { return nullptr; }
  // Its keys that the fit takes in: beside one that is kept they say nothing.
  virtual std::vector<std::string> keys_of_fit() const { return {}; }
  // Whether its keys alone say what samples are like, so that open_fitted() needs no fit.
  virtual bool says_samples() const { return false; }
  // A file of this format with inputs alone, for `predict` by what was fitted to the training part; null where the
  // format has none such.
  virtual DatasetPointer open_inputs(const std::filesystem::path& /*file*/, const Node& /*fit*/) const {
    return nullptr;
  }
};

// A reader with its keys, as a spec has it: {format: idx, images: …, labels: …}.
struct ReaderSpec {
  std::shared_ptr<const Reader> reader;  // null: not given
};

template <>
struct Codec<ReaderSpec> {
  static bool read(const Node& node, ReaderSpec& value, const Limits& limits, const Reading& r);
  static Node write(const ReaderSpec& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

}  // namespace dl

#define DL_READER(Type, name) DL_REGISTER(::dl::Reader, Type, name)
