// Tensors of ours put together from those of a family's file.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/family.h"
#include "lib/interop/weights/chosen_weights.h"

namespace dl {
namespace {

// What the stars of a pattern stand for in `name`; unset where it does not fit. A star stands for no dots.
std::optional<std::vector<std::string>> stars(std::string_view pattern, std::string_view name) {
  std::vector<std::string> found;
  while (true) {
    const size_t star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == name ? std::optional(found) : std::nullopt;
    if (!name.starts_with(pattern.substr(0, star))) return std::nullopt;
    name.remove_prefix(star);
    pattern.remove_prefix(star + 1);
    const char next = pattern.empty() ? '.' : pattern[0];
    const size_t end = std::min({name.find(next), name.find('.'), name.size()});
    if (end == 0) return std::nullopt;
    found.emplace_back(name.substr(0, end));
    name.remove_prefix(end);
  }
}

std::string filled(std::string pattern, const std::vector<std::string>& with) {
  size_t at = 0;
  for (const std::string& part : with) {
    at = pattern.find('*', at);
    if (at == std::string::npos) break;
    pattern.replace(at, 1, part);
    at += part.size();
  }
  return pattern;
}

std::vector<float> permuted(const std::vector<float>& values, Shape& shape, const std::vector<int64_t>& axes) {
  std::vector<int64_t> strides(axes.size()), sizes;
  int64_t stride = 1;
  for (size_t i = axes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[static_cast<int64_t>(i)];
  }
  for (const int64_t axis : axes) sizes.push_back(shape[axis]);
  std::vector<float> out;
  out.reserve(values.size());
  std::vector<int64_t> index(axes.size());
  for (size_t n = 0; n < values.size(); ++n) {
    int64_t at = 0;
    for (size_t i = 0; i < axes.size(); ++i) at += index[i] * strides[static_cast<size_t>(axes[i])];
    out.push_back(values[static_cast<size_t>(at)]);
    for (size_t i = axes.size(); i-- > 0 && ++index[i] == sizes[i];) index[i] = 0;
  }
  shape = Shape(std::move(sizes));
  return out;
}

}  // namespace

// As it is there: with the prefix or without. Norms had TensorFlow's names at first.
const std::string& FamilyWeights::name_there(const std::string& name) const {
  std::vector<std::string> candidates{network_.prefix + name, name};
  for (const auto& [now, before] : {std::pair<std::string, std::string>(".weight", ".gamma"), {".bias", ".beta"}})
    if (name.ends_with(now)) {
      const std::string old = name.substr(0, name.size() - now.size()) + before;
      candidates.insert(candidates.end(), {network_.prefix + old, old});
    }
  for (const std::string& candidate : candidates)
    for (const WeightsTable::Entry& entry : table_.tensors())
      if (entry.name == candidate) return entry.name;
  throw Error(Exit::data, Problem{.where = {.file = table_.path().string()},
                                  .what = concat("expected a tensor '", network_.prefix, name, "', found none")});
}

std::vector<float> FamilyWeights::read(const std::string& name, Shape& shape) {
  const std::string& there = name_there(name);
  shape = table_.find(there)->shape;
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  table_.floats(there).read_f32(0, values);
  taken_.insert(there);
  return values;
}

std::vector<float> FamilyWeights::row_of(const std::string& name, const std::vector<float>& values, Shape& shape,
                                         int64_t row) const {
  if (shape.rank() < 1 || row >= shape[0])
    refuse_weights(table_.path(), name, concat("expected a place ", row, ", found ", shape.text()));
  shape = shape.without_batch();
  const auto begin = values.begin() + row * shape.elements();
  return {begin, begin + shape.elements()};
}

std::vector<float> FamilyWeights::reordered(const std::string& name, const std::vector<float>& values,
                                            const Shape& shape, const std::vector<int64_t>& blocks) const {
  const int64_t count = std::ssize(blocks);
  if (shape.rank() < 1 || shape[0] % count != 0)
    refuse_weights(table_.path(), name, concat("expected ", count, " parts of one size, found ", shape.text()));
  const int64_t each = shape.elements() / count;
  std::vector<float> out;
  for (const int64_t block : blocks)
    out.insert(out.end(), values.begin() + block * each, values.begin() + (block + 1) * each);
  return out;
}

std::vector<float> FamilyWeights::values(const std::string& name, const Shape& shape) {
  FamilyTensor tensor{.from = {name}};
  for (const auto& [pattern, theirs] : network_.tensors)
    if (const auto parts = stars(pattern, name)) {
      tensor = theirs;
      for (std::string& from : tensor.from) from = filled(from, *parts);
      tensor.add_row = filled(tensor.add_row, *parts);
      break;
    }
  if (tensor.all) return std::vector<float>(static_cast<size_t>(shape.elements()), static_cast<float>(*tensor.all));
  std::vector<float> all;
  std::vector<int64_t> sizes;
  for (const std::string& from : tensor.from) {
    Shape part;
    std::vector<float> values = read(from, part);
    if (tensor.row) values = row_of(from, values, part, *tensor.row);
    if (!tensor.axes.empty() && std::ssize(tensor.axes) == part.rank()) values = permuted(values, part, tensor.axes);
    if (!tensor.blocks.empty()) values = reordered(from, values, part, tensor.blocks);
    if (sizes.empty())
      sizes.assign(part.sizes().begin(), part.sizes().end());
    else if (!sizes.empty() && part.rank() > 0)
      sizes[0] += part[0];
    all.insert(all.end(), values.begin(), values.end());
  }
  if ((!tensor.reshaped && Shape(sizes) != shape) || std::ssize(all) != shape.elements())
    throw Error(Exit::data, Problem{.where = {.file = table_.path().string()},
                                    .what = concat("'", join(tensor.from), "' give ", Shape(sizes).text(),
                                                   ", expected ", shape.text(), " for '", name, "'")});
  if (!tensor.add_row.empty()) {
    Shape rows;
    const std::vector<float> added = read(tensor.add_row, rows);
    const auto width = static_cast<size_t>(shape.last());
    if (rows.rank() != 2 || rows[1] != shape.last())
      refuse_weights(table_.path(), tensor.add_row, concat("expected rows of ", width, ", found ", rows.text()));
    for (size_t i = 0; i < all.size(); ++i) all[i] += added[i % width];
  }
  return all;
}

std::vector<std::string> FamilyWeights::left() const {
  std::vector<std::string> names;
  for (const WeightsTable::Entry& entry : table_.tensors()) {
    const auto ignored = [&](const std::string& pattern) {
      return stars(pattern, entry.name) || stars(network_.prefix + pattern, entry.name);
    };
    if (!taken_.contains(entry.name) && !is_beside_weights(entry.name) &&
        std::ranges::none_of(network_.ignore, ignored))
      names.push_back(entry.name);
  }
  return names;
}

}  // namespace dl
