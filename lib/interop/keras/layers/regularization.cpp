// What disturbs while training: dropout and noise.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

template <const auto& name>
Made dropout_of(const Settings& s) {
  s.need("data_format", {"channels_last"});
  return {.layers = {concat(std::string(name), ": ", s.decimal("rate", 0.5))}};
}
constexpr char dropout_name[] = "dropout", dropout1d_name[] = "dropout1d", dropout2d_name[] = "dropout2d",
               dropout3d_name[] = "dropout3d", gaussian_dropout_name[] = "gaussian_dropout",
               alpha_dropout_name[] = "alpha_dropout";

Made gaussian_noise(const Settings& s) { return {.layers = {concat("gaussian_noise: ", s.decimal("stddev", 1))}}; }

// Its loss is one of the run's.
Made activity_regularization(const Settings&) { return {.layers = {"identity"}}; }

}  // namespace

const LayerTable& regularization_layers() {
  static const LayerTable table = {
      {"ActivityRegularization", activity_regularization},
      {"AlphaDropout", dropout_of<alpha_dropout_name>},
      {"Dropout", dropout_of<dropout_name>},
      {"GaussianDropout", dropout_of<gaussian_dropout_name>},
      {"GaussianNoise", gaussian_noise},
      {"SpatialDropout1D", dropout_of<dropout1d_name>},
      {"SpatialDropout2D", dropout_of<dropout2d_name>},
      {"SpatialDropout3D", dropout_of<dropout3d_name>},
  };
  return table;
}

}  // namespace dl::keras
