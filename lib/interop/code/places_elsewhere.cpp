// Layer by layer, with the types of what each is given.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/places_elsewhere.h"

#include <algorithm>

#include "lib/interop/code/foreign_tensors.h"
#include "lib/interop/code/twin_text.h"

namespace dl::code {
namespace {

class PlacesOf {
 public:
  explicit PlacesOf(const std::string& target) : target_(target) {}

  Type list(const std::vector<ModelItem>& items, const std::vector<Type>& inputs) {
    std::vector<Type> made;
    for (const ModelItem& item : items) {
      std::vector<Type> types;
      for (const int from : item.from)
        types.push_back(from < 0 ? inputs.at(ModelItem::input_number(from)) : made.at(static_cast<size_t>(from)));
      made.push_back(item.is_layer() ? layer(item, types) : list(item.children, types));
    }
    return made.empty() ? inputs.at(0) : made.back();
  }

  std::vector<PlaceElsewhere> places;

 private:
  Type layer(const ModelItem& item, const std::vector<Type>& inputs) {
    const TwinnedLayer made(item, inputs, {}, true);
    if (const Twin* twin = made.twins.find(target_))
      for (const Twin::Place& place : twin->tensors) add(item, place);
    if (target_ == "onnx") return made.lone.output;
    for (const auto* tensors : {&made.lone.parameters, &made.lone.buffers})
      for (const auto& [name, shape] : *tensors) {
        std::string theirs = name;
        if (target_ == "flax") std::ranges::replace(theirs, '.', '_');
        add(item, {.ours = name, .theirs = theirs, .arrow = {}, .seen = {}});
      }
    return made.lone.output;
  }

  void add(const ModelItem& item, const Twin::Place& place) {
    std::string theirs = place.theirs, path = tensors_path(item) + "." + place.ours;
    std::ranges::replace(theirs, '/', '.');
    for (const ModelItem::Tie& tie : item.ties)
      if (tie.parameter == place.ours) path = tie.path;
    places.push_back({path, tensors_path(item) + "." + theirs, place});
  }

  const std::string target_;
};

}  // namespace

std::vector<PlaceElsewhere> places_elsewhere(const std::vector<ModelItem>& items,
                                             const std::vector<Network::Input>& inputs, const std::string& target) {
  PlacesOf walk(target);
  std::vector<Type> types;
  for (const Network::Input& input : inputs) types.push_back(input.type);
  walk.list(items, types);
  return std::move(walk.places);
}

}  // namespace dl::code
