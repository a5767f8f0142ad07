// A model's tensors where they lie in the store: trained ones in the flat parameters, others in variables of their own.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "lib/device/program.h"
#include "lib/nn/network.h"

namespace dl {

using Tensors = std::vector<Tensor>;  // Network::tensors()
using TensorShapes = std::map<std::string, Shape>;

TensorShapes shapes_by_path(const Tensors& tensors);

// The variable that holds it, and from which element on.
std::string variable_of(const Tensor& tensor, const Store& store);
inline int64_t offset_of(const Tensor& tensor) { return tensor.trained ? tensor.offset : 0; }

// A tensor's values, in the order of its elements.
std::vector<float> values_of(const Tensor& tensor, Store& store);
// As many values as it has elements.
void set_values(const Tensor& tensor, Store& store, const std::vector<float>& values);

constexpr int64_t piece_elements = 1 << 16;  // copied at a time: no tensor is copied whole

// Calls f(begin, count) for the pieces of a tensor.
template <class F>
void in_pieces(const Shape& shape, F f) {
  const int64_t all = shape.elements();
  for (int64_t begin = 0; begin < all; begin += piece_elements) f(begin, std::min(piece_elements, all - begin));
}

// What `read(begin, into)` gives into elements of `variable`, from `offset` on.
template <class Read>
void fill_variable(Store& store, const std::string& variable, int64_t offset, const Shape& shape, Read read) {
  std::vector<float> piece(piece_elements);
  in_pieces(shape, [&](int64_t begin, int64_t count) {
    read(begin, std::span(piece).first(static_cast<size_t>(count)));
    store.write_part(variable, offset + begin, piece.data(), count);
  });
}

}  // namespace dl
