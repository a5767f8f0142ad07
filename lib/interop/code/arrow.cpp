// Permuting.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/arrow.h"

#include "lib/base/error.h"

namespace dl::code {
namespace {

constexpr std::string_view between = " -> ";

}  // namespace

std::string reversed(const std::string& arrow) {
  const size_t at = arrow.find(between);
  return at == std::string::npos ? arrow
                                 : arrow.substr(at + between.size()) + std::string(between) + arrow.substr(0, at);
}

Arranged arranged(std::vector<float> values, const Shape& shape, const std::string& arrow) {
  if (arrow.empty()) return {std::move(values), shape};
  const size_t at = arrow.find(between);
  DL_CHECK(at != std::string::npos && static_cast<int>(at) == shape.rank(), "arrow ", arrow, " of ", shape.text());
  const std::string from = arrow.substr(0, at), to = arrow.substr(at + between.size());
  const size_t rank = from.size();
  std::vector<int64_t> own(rank, 1), strides(rank), sizes(rank);
  for (size_t i = rank - 1; i > 0; --i) own[i - 1] = own[i] * shape[static_cast<int>(i)];
  for (size_t i = 0; i < rank; ++i) {
    const size_t axis = from.find(to.at(i));
    DL_CHECK(axis != std::string::npos, "arrow ", arrow);
    strides[i] = own[axis];
    sizes[i] = shape[static_cast<int>(axis)];
  }
  Arranged made{std::vector<float>(values.size()), Shape(sizes)};
  std::vector<int64_t> place(rank, 0);
  for (float& value : made.values) {
    int64_t offset = 0;
    for (size_t i = 0; i < rank; ++i) offset += place[i] * strides[i];
    value = values[static_cast<size_t>(offset)];
    for (size_t i = rank; i-- > 0 && ++place[i] == sizes[i];) place[i] = 0;
  }
  return made;
}

}  // namespace dl::code
