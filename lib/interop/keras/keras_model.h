// Models that Keras saved: the layers of its config made those of ours, and where each tensor lies.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

#include "lib/interop/family.h"

namespace dl::keras {

// Whether the file is an archive with a Keras model, .keras.
bool is_model(const std::filesystem::path& file);

// A Sequential or Functional model of Keras 3, its optimizer, loss and metrics where it was compiled. Layers and
// settings that have no counterpart are an Error(Exit::usage) that names all of them.
FamilyNetwork read_model(const std::filesystem::path& file);

}  // namespace dl::keras
