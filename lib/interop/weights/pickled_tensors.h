// The tree of a checkpoint of PyTorch's, as its pickle says it, made a table of tensors.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "lib/interop/weights/pickle.h"
#include "lib/interop/weights/weights_table.h"

namespace dl {

// Where storages are, by key.
struct PickledStorages {
  virtual ~PickledStorages() = default;
  virtual StoredBytes::Pointer find(const std::string& key) = 0;  // null where there is none of that key
};

// Refuses a pickle that calls what no table of weights does, by name, as an Error(Exit::data). Of Lightning's
// checkpoints classes of the user's are borne where hyperparameters and the states of callbacks are kept.
void refuse_calls(const Pickle& pickle, const std::filesystem::path& file);

// Adds what the pickle holds under dotted paths. Tensors that reach past their storages, repeat it beyond use or have
// no storage, and trees without an end, are an Error(Exit::data) that names the tensor.
void add_pickled(const Pickle& pickle, PickledStorages& storages, bool swapped, WeightsTable& table);

// The type of elements of "torch.FloatStorage", "torch.float32", and "float32" as numpy and JAX have it.
std::optional<ElementType> python_type(std::string_view name);

}  // namespace dl
