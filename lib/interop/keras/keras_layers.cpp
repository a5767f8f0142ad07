// The layers of all groups, and what several of these make theirs with.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_layers.h"

#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {

const LayerTable& layers() {
  static const LayerTable all = [] {
    LayerTable table;
    for (const LayerTable* group :
         {&activation_layers(), &attention_layers(), &convolution_layers(), &core_layers(), &merging_layers(),
          &normalization_layers(), &pooling_layers(), &preprocessing_layers(), &recurrent_layers(),
          &regularization_layers(), &reshaping_layers()})
      table.insert(group->begin(), group->end());
    return table;
  }();
  return all;
}

void add_bias(Made& made, const Settings& s, const std::string& ours, const std::string& number) {
  if (s.flag("use_bias", true)) made.variables.push_back({ours, number, {}});
}

void need_last_axis(const Settings& s) {
  const Json* axis = s.find("axis");
  if (axis && axis->is_array() && axis->size() == 1) axis = &(*axis)[0];
  if (!axis || (axis->is_number() && (*axis == -1 || *axis == s.whole("rank", 0) - 1))) return;
  s.refuse(concat("'axis: ", axis->dump(), "' has no counterpart: it is the last here"));
}

void refuse_all(const Settings& s, const std::vector<std::string>& problems_within) {
  for (const std::string& problem : problems_within) s.refuse(problem.substr(problem.find(": ") + 2));
}

}  // namespace dl::keras
