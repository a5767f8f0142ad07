// Places and values of a model's tensors.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/tensors_in_store.h"

#include "lib/base/error.h"

namespace dl {
namespace {

// The flat parameters' name.
std::string parameters_in(const Store& store) {
  const std::vector<Variable> all = store.of_role(Role::parameter);
  return all.empty() ? "" : all.front().name;
}

}  // namespace

TensorShapes shapes_by_path(const Tensors& tensors) {
  TensorShapes shapes;
  for (const Tensor& t : tensors) shapes[t.path] = t.shape;
  return shapes;
}

std::string variable_of(const Tensor& t, const Store& store) { return t.trained ? parameters_in(store) : t.path; }

std::vector<float> values_of(const Tensor& tensor, Store& store) {
  std::vector<float> values(static_cast<size_t>(tensor.shape.elements()));
  store.read_part(variable_of(tensor, store), offset_of(tensor), tensor.shape.elements(), values.data());
  return values;
}

void set_values(const Tensor& tensor, Store& store, const std::vector<float>& values) {
  DL_CHECK(std::ssize(values) == tensor.shape.elements(), values.size(), " values of ", tensor.path);
  store.write_part(variable_of(tensor, store), offset_of(tensor), values.data(), tensor.shape.elements());
}

}  // namespace dl
