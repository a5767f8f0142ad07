// Labels as the set knows them, else by reading every sample.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/labelled.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "lib/data/capability.h"
#include "lib/data/one_sample.h"
#include "lib/data/streamed.h"

namespace dl {
namespace {

// Every number of the field "y", i32, sample for sample; with `lengths` those of so many places.
void each_target(const Dataset& data, size_t y, const std::optional<std::string>& lengths,
                 const std::function<void(int32_t)>& each) {
  OneSample sample(data);
  const Shape& shape = data.fields()[y].type.shape;
  std::vector<int32_t> targets(static_cast<size_t>(shape.elements()));
  each_sample(data, [&](int64_t index) {
    sample.read(index);
    std::memcpy(targets.data(), sample.bytes(y), targets.size() * sizeof(int32_t));
    int64_t places = shape.rank() > 0 ? shape[0] : 1;
    const int64_t of_place = shape.elements() / places;
    if (lengths) {
      int32_t own = 0;
      std::memcpy(&own, sample.bytes(static_cast<size_t>(field_index(data, *lengths))), sizeof own);
      places = std::clamp<int64_t>(own, 0, places);
    }
    std::for_each_n(targets.begin(), places * of_place, each);
  });
}

}  // namespace

bool has_labels(const Dataset& data) {
  const auto labelled = capability<Labelled>(data);
  return labelled && labelled->has_labels();
}

std::vector<int64_t> labels(const Dataset& data) {
  std::vector<int64_t> labels;
  if (const auto labelled = capability<Labelled>(data)) {
    const std::vector<int64_t> all = labelled->labels();
    for (int64_t i = 0; i < data.size(); ++i) labels.push_back(all[static_cast<size_t>(labelled.index(i))]);
    return labels;
  }
  if (std::ranges::count(data.fields(), "y", &SampleField::name) == 0)
    throw Error(Exit::usage,
                Problem{.what = "expected samples with a class each to take a part of each class, found no "
                                "field 'y'",
                        .help = "leave 'stratified' out"});
  const auto y = static_cast<size_t>(field_index(data, "y"));
  if (const Type& type = data.fields()[y].type; type != Type{DType::i32, {}})
    throw Error(Exit::usage, Problem{.what = concat("expected samples with a class each to take a part of each class, "
                                                    "found targets of type ",
                                                    name_of(type.dtype), " and shape ", type.shape.text()),
                                     .help = "leave 'stratified' out"});
  each_target(data, y, {}, [&](int32_t label) { labels.push_back(label); });
  return labels;
}

std::string class_of(const Dataset& data, int64_t index) {
  if (const auto labelled = capability<Labelled>(data))
    if (std::string name = labelled->class_of(labelled.index(index)); !name.empty()) return name;
  const auto label = static_cast<size_t>(labels(data).at(static_cast<size_t>(index)));
  return label < data.classes().size() ? data.classes()[label] : std::to_string(label);
}

std::vector<int64_t> targets_by_class(const Dataset& data, int64_t classes, const std::optional<std::string>& lengths) {
  const auto y = static_cast<size_t>(field_index(data, "y"));
  // Of more classes than targets one is left without, which the first of them tell: `classes` may be absurd.
  const int64_t kept = std::min(classes, data.size() * data.fields()[y].type.shape.elements() + 1);
  std::vector<int64_t> counts(static_cast<size_t>(kept), 0);
  const auto count = [&](int64_t label) {
    if (label >= 0 && label < kept) ++counts[static_cast<size_t>(label)];
  };
  if (data.fields()[y].type.shape.rank() == 0)
    for (const int64_t label : labels(data)) count(label);
  else
    each_target(data, y, lengths, count);
  return counts;
}

}  // namespace dl
