// Weights that are trained in another form than they are used: weight and spectral normalization, keys of linear and of
// the convolutions.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"

namespace dl {

struct NormedWeight {
  bool weight_norm = false, spectral_norm = false;

  void describe(Schema& s);
  // The layer's weight, of which axis `units` counts its units; as a tensor "weight", or with
  //   weight_norm    "weight_v" and "weight_g", the norm of each slice of axis 0 (Salimans and Kingma 2016): g v / |v|
  //   spectral_norm  "weight_orig", over its largest singular value (Miyato et al. 2018), to which the buffers
  //   "weight_u"
  //                  and "weight_v" come nearer with each training step
  Value make(Builder& b, const Shape& shape, std::shared_ptr<const Initializer> init, int units = 0) const;
};

}  // namespace dl
