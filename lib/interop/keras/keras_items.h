// What comes of a Keras model: the items of a config's `model:`, its inputs, and where each of their tensors lies.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/interop/imported_data.h"
#include "lib/interop/keras/keras_layers.h"
#include "lib/spec/node.h"

namespace dl::keras {

class KerasItems {
 public:
  explicit KerasItems(const GivenSizes& given) : sizes_(given) {}

  // A layer of ours behind the others. `from`: what it reads, nothing where it is what stands before; `shared`: the
  // item whose weights are its own, or "".
  void add_item(const std::string& yaml, const std::string& name, const std::vector<std::string>& from,
                const std::string& shared);
  // A tensor of the item, of the variable's values below the layer's path in the file.
  void add_tensor(const std::string& item, const std::string& path, Variable variable);
  // An input of this name there, `own` here but for the first, which is x; its name here. `shape`: with the batch, null
  // where a size is open.
  std::string add_input(const std::string& name, const std::string& own, const Json& shape, const std::string& dtype);
  // Settings of training in a layer's config that are not taken.
  void note_left_out(const Json& config, const std::string& layer);
  // A loss of its own on what the item gives: what Keras adds for a layer ActivityRegularization.
  void add_activity(const std::string& item, double l1, double l2);
  // The name, or it and a number where an item or an input has it already.
  std::string unique_name(const std::string& wanted);
  // The model ends with what it gives.
  void finish(const std::string& output);
  // Of several outputs one that no item gives, but an input: an item that gives it.
  std::string as_item(const std::string& output);

  // The layer without keys that gives an output, "softmax", where nothing else reads it; else "".
  std::string end_of(const std::string& output) const;
  // Another layer without weights in its place, or none: "". The item that gives the output then.
  std::string replace_end(const std::string& output, const std::string& layer);

  bool is_before_3 = false;  // Keras saved it before its version 3
  Node items = Node::list();
  std::map<std::string, FamilyTensor> tensors;
  std::vector<ImportedInput> inputs;
  std::vector<std::string> outputs;                    // items; of one output the last item
  std::vector<std::vector<std::string>> output_names;  // … as Keras may call each
  struct Activity {
    std::string item;
    double l1 = 0, l2 = 0;
  };
  std::vector<Activity> activities;
  std::vector<std::string> problems;
  std::string help;                                          // of the problems
  std::set<std::string> named_inputs;                        // as Keras names them
  std::vector<std::string> trained, frozen;                  // items with variables
  std::map<std::string, std::vector<std::string>> left_out;  // settings of training, and the layers that have them

 private:
  const Node* item_of(const std::string& output) const;

  const GivenSizes& sizes_;
  std::string last_item_;
  std::set<std::string> used_names_;
};

}  // namespace dl::keras
