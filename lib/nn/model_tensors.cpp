// Where parameters lie, and which there are.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/model_tensors.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/graph/sizes.h"

namespace dl {

namespace {

constexpr int64_t parameter_alignment = 16;  // elements: one cache line, one vector register

// The elements that a parameter takes of the flat range, the gap behind it included.
int64_t aligned(const Shape& shape) {
  return plus(shape.elements(), parameter_alignment - 1) / parameter_alignment * parameter_alignment;
}

}  // namespace

void ModelTensors::add_parameter(const std::string& path, const Shape& shape, const std::string& layer,
                                 std::shared_ptr<const Initializer> initial) {
  DL_CHECK(!index_.contains(path), path, " is made twice");
  index_[path] = parameters_.size();
  parameters_.push_back({path, shape, true, arena_, layer, std::move(initial), std::ssize(parameters_)});
  arena_ = plus(arena_, aligned(shape));
  count_ += shape.elements();
}

void ModelTensors::add_buffer(const std::string& path, const Shape& shape, const std::string& layer,
                              std::shared_ptr<const Initializer> initial) {
  buffers_.push_back({path, shape, false, 0, layer, std::move(initial)});
}

void ModelTensors::complete() {
  all_ = parameters_;
  all_.insert(all_.end(), buffers_.begin(), buffers_.end());
}

void ModelTensors::arrange(const std::function<size_t(const Tensor&)>& group) {
  std::stable_sort(parameters_.begin(), parameters_.end(),
                   [&](const Tensor& a, const Tensor& b) { return group(a) < group(b); });
  arena_ = 0;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    parameters_[i].offset = arena_;
    arena_ += aligned(parameters_[i].shape);
    index_[parameters_[i].path] = i;
  }
  std::ranges::copy(parameters_, all_.begin());
}

const Tensor* ModelTensors::parameter(const std::string& path) const {
  const auto found = index_.find(path);
  return found != index_.end() ? &parameters_[found->second] : nullptr;
}

const Tensor* ModelTensors::buffer(const std::string& path) const {
  const auto found = std::ranges::find(buffers_, path, &Tensor::path);
  return found != buffers_.end() ? &*found : nullptr;
}

}  // namespace dl
