// Models that Keras saved: the layers of its config made those of ours, and where each tensor lies.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

#include "lib/interop/family.h"
#include "lib/interop/imported_data.h"

namespace dl::keras {

// Whether the file is an archive with a Keras model, .keras.
bool is_model(const std::filesystem::path& file);
// Whether it is a model in the format of before, .h5.
bool is_older_model(const std::filesystem::path& file);

// A Sequential or Functional model of Keras 3 or 2, its optimizer, loss and metrics where it was compiled. Layers and
// settings that have no counterpart are an Error(Exit::usage) that names all of them, and so are sizes of inputs that
// the file leaves open and `given` does not say, and a name there that is no input's.
FamilyNetwork read_model(const std::filesystem::path& file, const GivenSizes& given = {});

}  // namespace dl::keras
