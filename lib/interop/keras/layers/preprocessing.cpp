// What prepares samples within a model.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

// What is drawn while training only: transforms of the data do that here.
Made augmentation(const Settings&) { return {.layers = {"identity"}}; }

Made rescaling(const Settings& s) {
  for (const char* key : {"scale", "offset"})
    if (const Json* value = s.find(key); value && !value->is_number())
      s.refuse(concat("'", key, "' of each channel has no counterpart"));
  return {.layers = {concat("expression: \"x * ", s.decimal("scale", 1), " + ", s.decimal("offset", 0), "\"")}};
}

// By means and variances that adapt() found, which are not trained: what a batch normalization does in evaluation.
Made normalization(const Settings& s) {
  if (s.find("axis"))
    need_last_axis(s);
  else
    s.refuse("'axis: null' has no counterpart: it is the last here");
  if (s.find("mean") || s.find("variance")) s.refuse("a 'mean' that is given has no counterpart: adapt() it");
  if (s.flag("invert", false)) s.refuse("'invert' has no counterpart");
  return {.layers = {"batch_norm: {eps: 1e-14}"},
          .variables = {{"weight", "", {.all = 1}},
                        {"bias", "", {.all = 0}},
                        {"running_mean", "0", {}},
                        {"running_var", "1", {}}},
          .is_fixed = true};
}

}  // namespace

const LayerTable& preprocessing_layers() {
  static const LayerTable table = {
      {"Normalization", normalization}, {"RandomBrightness", augmentation}, {"RandomContrast", augmentation},
      {"RandomFlip", augmentation},     {"RandomRotation", augmentation},   {"RandomTranslation", augmentation},
      {"RandomZoom", augmentation},     {"Rescaling", rescaling},
  };
  return table;
}

}  // namespace dl::keras
