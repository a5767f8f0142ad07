// Patterns of what is frozen, held against paths.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/freezing.h"

#include <algorithm>
#include <set>

namespace dl {

namespace {

// Whether the pattern is of that path, or of a part of the model that it is in.
bool is_in(const std::string& pattern, const std::string& path) {
  return fits_pattern(pattern, path) || fits_pattern(pattern + ".*", path);
}

// The updates until which it is frozen; 0: it is not.
int64_t end_for(const std::vector<Frozen>& frozen, const std::string& path) {
  int64_t last = 0;
  for (const Frozen& each : frozen)
    if (std::ranges::any_of(each.params.list, [&](const std::string& pattern) { return is_in(pattern, path); }))
      last = std::max(last, each.until);
  return last;
}

// The layer that a tensor is of: the longest path of one that the tensor's begins with.
std::string layer_with(const std::string& tensor, const std::set<std::string>& layers) {
  for (size_t dot = tensor.rfind('.'); dot != std::string::npos; dot = dot == 0 ? dot - 1 : tensor.rfind('.', dot - 1))
    if (layers.contains(tensor.substr(0, dot))) return tensor.substr(0, dot);
  return "";
}

}  // namespace

std::vector<std::string> Freezing::freeze(const std::vector<Frozen>& frozen, const ModelTensors& tensors,
                                          const std::vector<std::string>& layers) {
  frozen_ = frozen;
  layers_.clear();
  std::vector<std::string> idle;
  for (const Frozen& each : frozen) idle.insert(idle.end(), each.params.list.begin(), each.params.list.end());
  const auto is_there = [&](const std::string& path) {
    std::erase_if(idle, [&](const std::string& pattern) { return is_in(pattern, path); });
  };
  const std::set<std::string> known(layers.begin(), layers.end());
  std::map<std::string, int64_t> first_trained;  // by layer: until one of its tensors is trained
  const auto has = [&](const std::string& path, const std::string& tensor) {
    is_there(path);
    int64_t& first = first_trained.try_emplace(layer_with(path, known), Frozen::always).first->second;
    first = std::min(first, until(tensor, tensors));
  };
  for (const Tensor& tensor : tensors.all()) has(tensor.path, tensor.path);
  for (const auto& [name, tensor] : tensors.other_names()) has(name, tensor);
  for (const std::string& layer : layers) {
    is_there(layer);
    const auto own = first_trained.find(layer);
    layers_[layer] = std::max(own != first_trained.end() ? own->second : 0, end_for(frozen, layer));
  }
  return idle;
}

// A tensor of several layers is frozen where it is by one of its names.
int64_t Freezing::until(const std::string& tensor, const ModelTensors& tensors) const {
  int64_t last = end_for(frozen_, tensor);
  for (const auto& [name, of] : tensors.other_names())
    if (of == tensor) last = std::max(last, end_for(frozen_, name));
  return last;
}

int64_t Freezing::layer_until(const std::string& layer) const {
  const auto found = layers_.find(layer);
  return found != layers_.end() ? found->second : 0;
}

std::vector<int64_t> Freezing::ends() const {
  std::set<int64_t> ends;
  for (const Frozen& each : frozen_)
    if (each.until != Frozen::always) ends.insert(each.until);
  return {ends.begin(), ends.end()};
}

}  // namespace dl
