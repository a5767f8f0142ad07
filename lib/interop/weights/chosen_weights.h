// Which of a file's tensors are the weights that a model begins with, and what the model calls them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/interop/weights/weights_table.h"

namespace dl {

// Where in a checkpoint the weights stand: the dict 'state_dict', 'model_state_dict', 'model', 'net' or 'module' that
// holds tensors, the first of these, else the file itself, which it always is where dicts are layers. Of a `key` that
// is given, that dict; one that holds none is an Error(Exit::usage) that names those there are.
struct WeightsPlace {
  std::string key;                  // "state_dict"; empty: the file itself
  std::vector<std::string> passed;  // others that hold weights too and were not taken
};
WeightsPlace weights_place(const WeightsTable& table, const std::optional<std::string>& key);

// The tensors at such a place: their names there, and in the file.
std::map<std::string, std::string> names_at(const WeightsTable& table, const WeightsPlace& place);

// What wrappers of models put before names ("module.", "_orig_mod.", "model.", "net.", "backbone.", "encoder."), to be
// taken away so that all of `wanted` are among the names, none of which is as they stand. Empty where nothing is.
std::vector<std::string> wrappers(const std::set<std::string>& names, const std::vector<std::string>& wanted);
std::string unwrapped(std::string name, const std::vector<std::string>& wrappers);

// Whether frameworks write such a tensor beside the weights, and a model of ours has none: counts of batches, masks and
// positions that are computed, states of random numbers and of Keras's optimizers.
bool is_beside_weights(const std::string& name);

}  // namespace dl
