// Permuting.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/arrow.h"

#include <algorithm>

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

namespace {

// Of a part of ours, before its axes are put in another order.
Shape seen_shape(const Shape& shape, const Twin::Place& place) {
  std::vector<int64_t> sizes = place.seen.empty() ? shape.sizes() : place.seen;
  if (place.seen.empty() && place.parts > 1) sizes[0] /= place.parts;
  DL_CHECK(Shape(sizes).elements() * place.parts == shape.elements(), place.ours, " ", shape.text());
  return Shape(sizes);
}

// Of one of the rows there.
Shape row_shape(const Shape& shape, const Twin::Place& place) {
  const Shape seen = seen_shape(shape, place);
  const size_t at = place.arrow.find(between);
  if (at == std::string::npos) return seen;
  std::vector<int64_t> sizes;
  for (const char axis : place.arrow.substr(at + between.size()))
    sizes.push_back(seen[static_cast<int>(place.arrow.find(axis))]);
  return Shape(sizes);
}

// Equal blocks of values in the order there, or back in ours.
std::vector<float> in_blocks(const std::vector<float>& from, const std::vector<int64_t>& order, bool back) {
  if (order.empty()) return from;
  const int64_t each = std::ssize(from) / std::ssize(order);
  DL_CHECK(each * std::ssize(order) == std::ssize(from), from.size(), " values in ", order.size(), " blocks");
  std::vector<float> to(from.size());
  for (int64_t theirs = 0; theirs < std::ssize(order); ++theirs) {
    const int64_t ours = order[static_cast<size_t>(theirs)];
    std::copy_n(from.begin() + each * (back ? theirs : ours), each, to.begin() + each * (back ? ours : theirs));
  }
  return to;
}

}  // namespace

Shape placed_shape(const Shape& shape, const Twin::Place& place) {
  if (!place.whole.empty()) return Shape(place.whole);
  const Shape row = row_shape(shape, place);
  if (place.rows == 1) return row;
  std::vector<int64_t> sizes = row.sizes();
  sizes.insert(sizes.begin(), place.rows);
  return Shape(sizes);
}

Arranged placed(const std::vector<float>& values, const Shape& shape, const Twin::Place& place) {
  const int64_t count = shape.elements() / place.parts;
  const auto begin = values.begin() + count * place.part;
  return arranged(in_blocks({begin, begin + count}, place.blocks, false), seen_shape(shape, place), place.arrow);
}

void put_back(const std::vector<float>& there, const Twin::Place& place, const Shape& shape,
              std::vector<float>& values) {
  const int64_t count = shape.elements() / place.parts;
  const auto begin = there.begin() + count * place.row;
  const auto to = values.begin() + count * place.part;
  if (place.added) {
    std::fill_n(to, count, 0.0f);
    return;
  }
  const Arranged back = arranged({begin, begin + count}, row_shape(shape, place), reversed(place.arrow));
  std::ranges::copy(in_blocks(back.values, place.blocks, true), to);
}

}  // namespace dl::code
