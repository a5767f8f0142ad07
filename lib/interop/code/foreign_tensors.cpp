// One tensor after another.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/foreign_tensors.h"

#include <algorithm>
#include <functional>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/code/arrow.h"

namespace dl::code {
namespace {

std::string change_of(const Twin::Place& place) {
  std::vector<std::string> parts;
  if (place.parts > 1) parts.push_back(concat("part ", place.part + 1, " of ", place.parts));
  if (place.rows > 1) parts.push_back(concat("row ", place.row + 1, " of ", place.rows));
  if (place.added) parts.push_back("added");
  if (!place.blocks.empty()) {
    std::string order;
    for (const int64_t block : place.blocks) order += concat(order.empty() ? "" : " ", block + 1);
    parts.push_back(concat("blocks ", order));
  }
  if (!place.seen.empty()) parts.push_back("as " + Shape(place.seen).text());
  if (!place.arrow.empty()) parts.push_back(place.arrow);
  return parts.empty() ? "as it is" : join(parts);
}

}  // namespace

void ForeignTensors::keep(const ModelItem& item, const Twin::Place& place, const std::string& name) {
  std::string path = tensors_path(item) + "." + place.ours;
  for (const ModelItem::Tie& tie : item.ties)
    if (tie.parameter == place.ours) path = tie.path;
  const auto& tensors = trained_.network.tensors();
  const auto found = std::ranges::find(tensors, path, &Tensor::path);
  DL_CHECK(found != tensors.end(), "no tensor ", path);
  if (!kept_.emplace(path, name).second) return;
  const bool together = place.rows > 1 || place.added;
  auto array = std::ranges::find(arrays_, name, &NamedArray::name);
  if (array != arrays_.end() && !together) return;
  const Shape shape = placed_shape(found->shape, place);
  written_.push_back({path, name, shape, change_of(place)});
  if (array == arrays_.end()) {
    arrays_.push_back({name, shape, std::vector<float>(static_cast<size_t>(shape.elements()))});
    array = arrays_.end() - 1;
  }
  const std::vector<float> values = placed(trained_.weights(*found), found->shape, place).values;
  const auto to = array->values.begin() + std::ssize(values) * place.row;
  if (place.added)
    std::ranges::transform(values, std::ranges::subrange(to, array->values.end()), to, std::plus<>());
  else
    std::ranges::copy(values, to);
}

const std::string& tensors_path(const ModelItem& item) { return item.tensors.empty() ? item.path : item.tensors; }

}  // namespace dl::code
