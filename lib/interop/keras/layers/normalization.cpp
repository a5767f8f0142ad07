// Norms of batches, of places and of groups of channels.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <tuple>

#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

// Scale and shift, which may be left out, before what else there is.
std::vector<Variable> scale_and_shift(const Settings& s, int& next) {
  std::vector<Variable> variables;
  for (const auto& [ours, key, otherwise] : {std::tuple("weight", "scale", 1.0), {"bias", "center", 0.0}}) {
    if (s.flag(key, true))
      variables.push_back({ours, std::to_string(next++), {}});
    else
      variables.push_back({ours, "", {.all = otherwise}});
  }
  return variables;
}

// 1 - share as a decimal: 0.01, not 0.010000000000000009.
double complement(double share) { return std::round((1 - share) * 1e15) / 1e15; }

Made batch_normalization(const Settings& s) {
  need_last_axis(s);
  int next = 0;
  Made made{.layers = {concat("batch_norm: {eps: ", s.decimal("epsilon", 1e-3),
                              ", momentum: ", number_text(complement(s.number("momentum", 0.99))), "}")},
            .variables = scale_and_shift(s, next)};
  made.variables.push_back({"running_mean", std::to_string(next), {}});
  made.variables.push_back({"running_var", std::to_string(next + 1), {}});
  return made;
}

Made layer_normalization(const Settings& s) {
  if (s.flag("rms_scaling", false)) s.refuse("'rms_scaling' has no counterpart");
  need_last_axis(s);
  int next = 0;
  return {.layers = {concat("layer_norm: {eps: ", s.decimal("epsilon", 1e-3), "}")},
          .variables = scale_and_shift(s, next)};
}

Made rms_normalization(const Settings& s) {
  need_last_axis(s);
  return {.layers = {concat("rms_norm: {eps: ", s.decimal("epsilon", 1e-6), "}")}, .variables = {{"weight", "0", {}}}};
}

Made group_normalization(const Settings& s) {
  need_last_axis(s);
  int next = 0;
  return {.layers = {concat("group_norm: {num_groups: ", s.whole("groups", 32), ", eps: ", s.decimal("epsilon", 1e-3),
                            "}")},
          .variables = scale_and_shift(s, next)};
}

Made unit_normalization(const Settings& s) {
  need_last_axis(s);
  return {.layers = {"l2_normalize"}};
}

}  // namespace

const LayerTable& normalization_layers() {
  static const LayerTable table = {
      {"BatchNormalization", batch_normalization}, {"GroupNormalization", group_normalization},
      {"LayerNormalization", layer_normalization}, {"RMSNormalization", rms_normalization},
      {"UnitNormalization", unit_normalization},
  };
  return table;
}

}  // namespace dl::keras
