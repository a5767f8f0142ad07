// Dense and Embedding: products and rows of one matrix.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

Made dense(const Settings& s) {
  const bool places = s.whole("rank", 2) > 3;
  Made made{.layers = {concat("linear: {out_features: ", s.whole("units", 1), ", bias: ", yes(s.flag("use_bias", true)),
                              places ? ", per_place: true" : "", "}")},
            .variables = {{"weight", "0", axes({1, 0})}}};
  add_bias(made, s);
  add_activation(made, s);
  return made;
}

Made embedding(const Settings& s) {
  if (s.flag("mask_zero", false)) s.refuse("'mask_zero' has no counterpart: give the lengths as an input");
  return {.layers = {concat("embedding: {num_embeddings: ", s.whole("input_dim", 1),
                            ", embedding_dim: ", s.whole("output_dim", 1), "}")},
          .variables = {{"weight", "0", {}}}};
}

Made identity(const Settings&) { return {.layers = {"identity"}}; }

}  // namespace

const LayerTable& core_layers() {
  static const LayerTable table = {
      {"Dense", dense},
      {"Embedding", embedding},
      {"Identity", identity},
  };
  return table;
}

}  // namespace dl::keras
