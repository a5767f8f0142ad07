// What every data set has by its fields.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/dataset.h"

#include <algorithm>

#include "lib/data/capability.h"
#include "lib/data/targeted.h"

namespace dl {

std::vector<std::string> target_names(const Dataset& data) {
  const auto targeted = capability<Targeted>(data);
  std::vector<std::string> names = targeted ? targeted->further_targets() : std::vector<std::string>();
  names.push_back("y");
  return names;
}

std::vector<Scaling> unless_unscaled(std::vector<Scaling> scaling) {
  if (std::ranges::count(scaling, Scaling{}) == std::ssize(scaling)) scaling.clear();
  return scaling;
}

std::vector<SampleField> inputs_of(const Dataset& data) {
  const std::vector<std::string> targets = target_names(data);
  std::vector<SampleField> inputs;
  for (const SampleField& field : data.fields())
    if (std::ranges::count(targets, field.name) == 0) inputs.push_back(field);
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
