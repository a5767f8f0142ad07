// What every data set has by its fields.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/dataset.h"

#include <algorithm>

namespace dl {

std::vector<SampleField> inputs_of(const Dataset& data) {
  std::vector<SampleField> inputs;
  for (const SampleField& field : data.fields())
    if (field.name != "y") inputs.push_back(field);
  std::stable_partition(inputs.begin(), inputs.end(), [](const SampleField& f) { return f.name == "x"; });
  return inputs;
}

int field_index(const Dataset& data, std::string_view name) {
  const auto fields = data.fields();
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const SampleField& f) { return f.name == name; });
  DL_CHECK(found != fields.end(), "no field ", name);
  return static_cast<int>(found - fields.begin());
}

const std::byte* Dataset::get_in_place(int64_t index, size_t field, Sample& into) const {
  get(index, into);
  return into.fields[field];
}

}  // namespace dl
