// One tensor after another.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/foreign_tensors.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/code/arrow.h"

namespace dl::code {
namespace {

std::string change_of(const Twin::Place& place) {
  std::vector<std::string> parts;
  if (place.parts > 1) parts.push_back(concat("part ", place.part + 1, " of ", place.parts));
  if (!place.seen.empty()) parts.push_back("as " + Shape(place.seen).text());
  if (!place.arrow.empty()) parts.push_back(place.arrow);
  return parts.empty() ? "as it is" : join(parts);
}

}  // namespace

void ForeignTensors::keep(const ModelItem& item, const Twin::Place& place, const std::string& name) {
  if (std::ranges::find(arrays_, name, &NamedArray::name) != arrays_.end()) return;
  std::string path = tensors_path(item) + "." + place.ours;
  for (const ModelItem::Tie& tie : item.ties)
    if (tie.parameter == place.ours) path = tie.path;
  const auto& tensors = trained_.network.tensors();
  const auto found = std::ranges::find(tensors, path, &Tensor::path);
  DL_CHECK(found != tensors.end(), "no tensor ", path);
  Arranged made = placed(trained_.weights(*found), found->shape, place);
  written_.push_back({path, name, made.shape, change_of(place)});
  arrays_.push_back({name, made.shape, std::move(made.values)});
}

const std::string& tensors_path(const ModelItem& item) { return item.tensors.empty() ? item.path : item.tensors; }

}  // namespace dl::code
