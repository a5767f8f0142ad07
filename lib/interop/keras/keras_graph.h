// A model's graph of layers put one behind the other.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/interop/keras/keras_items.h"

namespace dl::keras {

// Adds the layers of a Sequential or Functional model, a file's config.json, and of models in it, each behind what it
// reads. What has no counterpart is added to the items' problems.
void add_model(const Json& model, KerasItems& items);

}  // namespace dl::keras
