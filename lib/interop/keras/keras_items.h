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
  // The model ends with what it gives.
  void finish(const std::string& output);

  Node items = Node::list();
  std::map<std::string, FamilyTensor> tensors;
  std::vector<ImportedInput> inputs;
  std::vector<std::string> outputs;  // items; of one output the last item
  std::vector<std::string> problems;
  std::string help;                                          // of the problems
  std::set<std::string> named_inputs;                        // as Keras names them
  std::string last_layer;                                    // YAML of the last item
  std::vector<std::string> trained, frozen;                  // items with variables
  std::map<std::string, std::vector<std::string>> left_out;  // settings of training, and the layers that have them

 private:
  const GivenSizes& sizes_;
  std::string last_item_;
};

}  // namespace dl::keras
