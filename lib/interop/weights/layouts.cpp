// Kernels have the outputs last there, and first here.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/layouts.h"

#include <algorithm>
#include <numeric>

namespace dl {
namespace {

struct TwinName {
  std::string_view theirs, ours;
};
constexpr TwinName twin_names[] = {{"kernel", "weight"},
                                   {"scale", "weight"},
                                   {"gamma", "weight"},
                                   {"embedding", "weight"},
                                   {"embeddings", "weight"},
                                   {"beta", "bias"},
                                   {"bias", "bias"},
                                   {"mean", "running_mean"},
                                   {"moving_mean", "running_mean"},
                                   {"moving_variance", "running_var"},
                                   {"var", "running_var"}};

struct TwinKernel {
  std::string_view layer;
  std::vector<int> axes;
};
const TwinKernel twin_kernels[] = {
    {"linear", {1, 0}}, {"conv1d", {2, 1, 0}}, {"conv2d", {3, 2, 0, 1}}, {"conv3d", {4, 3, 0, 1, 2}}};
constexpr std::string_view twin_layers[] = {"batch_norm", "layer_norm", "group_norm", "rms_norm", "embedding"};

std::string_view end_of_name(std::string_view name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

std::string name_of_ours(const std::string& theirs) {
  const std::string_view last = end_of_name(theirs);
  const auto* twin = std::ranges::find(twin_names, last, &TwinName::theirs);
  if (twin == std::end(twin_names)) return "";
  return theirs.substr(0, theirs.size() - last.size()) + std::string(twin->ours);
}

std::optional<std::vector<int>> axes_of_ours(const std::string& theirs, std::string_view layer, int rank) {
  std::vector<int> as_they_are(static_cast<size_t>(rank));
  std::iota(as_they_are.begin(), as_they_are.end(), 0);
  const auto* kernel = std::ranges::find(twin_kernels, layer, &TwinKernel::layer);
  if (kernel == std::end(twin_kernels))
    return std::ranges::count(twin_layers, layer) > 0 ? std::optional(as_they_are) : std::nullopt;
  if (end_of_name(theirs) != "kernel") return as_they_are;
  if (static_cast<int>(kernel->axes.size()) != rank) return {};
  return kernel->axes;
}

StoredTensor turned(const StoredTensor& tensor, const std::vector<int>& axes) {
  std::vector<int64_t> strides = tensor.strides;
  if (strides.empty()) {
    strides.assign(axes.size(), 1);
    for (size_t axis = axes.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * tensor.shape.sizes()[axis];
  }
  StoredTensor out = tensor;
  out.strides.clear();
  for (size_t i = 0; i < axes.size(); ++i) {
    out.shape[static_cast<int>(i)] = tensor.shape[axes[i]];
    out.strides.push_back(strides[static_cast<size_t>(axes[i])]);
  }
  return out;
}

}  // namespace dl
