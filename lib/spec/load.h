// Loading a spec: one tree out of a file, what it extends and includes, ${references} and --set.
//
//   extends: base.yaml            this file's values over those of base.yaml (or of a list of files, later ones over
//                                 earlier ones). Maps are merged; everything else replaces. Another type replaces what
//                                 there was: {sgd: …} over {adamw: …} is {sgd: …}, {format: csv} over {format: idx}
//                                 too.
//   model: models/lenet5.yaml     an unquoted string that ends in .yaml or .yml is that file's content, but where the
//                                 schema takes text alone (path: list.yaml). It replaces what it is merged over. Files
//                                 are looked for beside the file that names them, then in the search folders.
//   linear: ${data.classes}       another value of the spec, or one that the program knows. Alone in its scalar it
//                                 keeps its type; "runs/${name}" makes a string; ${2 * a.b + 1} computes.
//   name: "$${x}"                 the text ${x} itself.
//   path: ${env:DATA:-data}       an environment variable, or the text after :- where it is not set.
//   --set optimizer.adamw.lr=1    over everything; the value is YAML. model.3.dropout.p and model[3].dropout.p name
//                                 elements of a list. Maps that are missing are made; `adamw` becomes {adamw: …}.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/spec/explain.h"
#include "lib/spec/interpolate.h"
#include "lib/spec/node.h"
#include "lib/spec/path.h"
#include "lib/spec/schema.h"
#include "lib/spec/yaml.h"

namespace dl {

struct LoadOptions {
  std::vector<std::string> sets;              // "a.b.c=value", in order
  std::vector<std::filesystem::path> search;  // folders, after the folder of the file that names another
  std::vector<std::string> later;             // names that provide() will know: "data.classes"
  Environment environment;                    // unset: the process's own
  std::shared_ptr<const OwnedSchema> schema;  // of the whole, owned_schema<T>(); null: what a name means is guessed
  YamlLimits limits;                          // of each file; and of all of them together as many values
};

// Throws Error(Exit::usage) with every problem found.
Node load_spec(const std::filesystem::path& path, const LoadOptions& options = {});

// The same for a tree that is there already (a test's, a checkpoint's); `folder` is where its file names start.
Node load_spec(Node spec, const LoadOptions& options, const std::filesystem::path& folder = ".");

// Puts in the values that the program has learnt since loading (name -> value); references inside `blocks:` to
// parameters of the block stay. Throws Error(Exit::usage) where a name is not known.
Node provide(const Node& spec, const std::map<std::string, Node>& values);

}  // namespace dl
