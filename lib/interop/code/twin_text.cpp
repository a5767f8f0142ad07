// Reading items again, one by one.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/twin_text.h"

#include "lib/base/error.h"
#include "lib/interop/code/text.h"
#include "lib/nn/network.h"

namespace dl::code {
namespace {

std::unique_ptr<Layer> layer_of(const ModelItem& item) {
  std::vector<Problem> problems;
  std::unique_ptr<Layer> layer = Registry<Layer>::read(item.layer, Reading(problems, item.label));
  DL_CHECK(layer && problems.empty(), item.label, " was read before");
  return layer;
}

std::vector<Type> of_one(const std::vector<Type>& samples) {
  std::vector<Type> types;
  for (const Type& sample : samples) types.push_back(batched(sample, 1));
  return types;
}

}  // namespace

TwinnedLayer::TwinnedLayer(const ModelItem& item, const std::vector<Type>& inputs, const Shape& model_input, bool says)
    : layer(layer_of(item)), lone(*layer, inputs, model_input), twins(of_one(inputs), batched(lone.output, 1)) {
  if (says) layer->twins(twins);
}

std::map<std::string, std::string> TwinnedLayer::values() const {
  std::map<std::string, std::string> values;
  const Node written = write_registered(*layer);
  if (written.is_map())
    for (const Node::Entry& key : written.entries[0].value.entries) values[key.key] = python(key.value);
  for (const auto& [name, text] : twins.said()) values[name] = text;
  values["in"] = std::to_string(twins.x().last());
  return values;
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('.') + 1); }

std::string block_of(const ModelItem& item) {
  if (item.children.empty() || item.children[0].label == item.label) return {};
  const std::string& label = item.children[0].label;
  const size_t end = label.rfind(".layers["), begin = label.rfind('.', end - 1);
  return end == std::string::npos ? "" : label.substr(begin == std::string::npos ? 0 : begin + 1, end - begin - 1);
}

}  // namespace dl::code
