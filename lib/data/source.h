// Where data come from, as a spec names it: a described set, or a reader's own keys.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/data/reader.h"
#include "lib/spec/codec.h"

namespace dl {

// A data set's description, datasets/NAME.yaml: where its files are, what they hold, how to get them.
struct SetDescription {
  std::string summary, source, licence, citation;
  std::string get;   // what a user does to get the files
  std::string root;  // folder of the files; empty: the description's own
  std::vector<std::string> classes;
  ReaderSpec train, validation, test;
  Where where;
  void describe(Schema& s);
};

// `fashion_mnist` (datasets/fashion_mnist.yaml), the same with other values of its readers' keys,
// `{set: fashion_mnist, limit: 1000}`, `{format: idx, images: …}`, or a description itself, which is what
// `train: my/set.yaml` becomes when the spec is loaded.
struct Source {
  std::string name;  // of a described set, or a description's file
  Node changes;      // keys of its readers, for all its parts; null: none
  ReaderSpec reader;
  std::shared_ptr<SetDescription> description;
  Node written;  // as it stands in the spec
  Where where;
  bool given() const { return !name.empty() || reader.reader || description; }
};

// `{set: fashion_mnist, limit: 1000}`, and what a name alone stands for.
struct SetName {
  std::string set;
  void describe(Schema& s);
};

template <>
struct Codec<Source> {
  static bool read(const Node& node, Source& value, const Limits& limits, const Reading& r);
  static Node write(const Source& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
  static std::shared_ptr<const OwnedSchema> inner();
};

// The reader of a file by its name's ending, "csv" of "a.csv", of a name without one "image_folder"; empty where
// nothing is known to read it.
std::string reader_by_name(const std::string& file);

// The folders in which NAME.yaml is looked for: `datasets` in `folder`, in the one above it and in the current one,
// those of the environment's DLCLI_DATA (separated by colons), the one installed with the program, and `folder` itself.
std::vector<std::filesystem::path> description_folders(const std::filesystem::path& folder);

// The reader of a part, its own keys or the description's; null where a described set has no such part. Throws
// Error(Exit::usage) for a name that is not known.
std::shared_ptr<const Reader> reader_of(const Source& source, const std::string& part,
                                        const std::filesystem::path& folder);

// The part "train", "validation" or "test" of a source, opened; null where a described set has no such part. A reader's
// own keys are every part. `classes` are the names where the source does not say them itself; empty: as the reader
// finds. Throws Error: Exit::usage for a name that is not known, Exit::data for the files.
DatasetPointer open_part(const Source& source, const std::string& part, const std::filesystem::path& folder,
                         const std::vector<std::string>& classes = {});

}  // namespace dl
