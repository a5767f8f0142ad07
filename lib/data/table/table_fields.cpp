// What is told of each field besides its type: how it was scaled, and what to write where that is not meant.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table_fields.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/data/table/table_fit.h"

namespace dl {
namespace {

// Of a target.
std::string normalization_of(const TableSpec& spec, const std::string& target) {
  if (std::ranges::count(spec.target.column.values, target) > 0) return spec.target.normalize;
  const auto said = spec.columns.find(target);
  return said == spec.columns.end() ? "standard" : said->second.normalize.value_or("standard");
}

}  // namespace

SampleField field_of(const TableSpec& spec, const FittedColumn& column, const std::string& name) {
  SampleField field{name, {DType::i32, {}}, column.category_count() + (column.kind == "index")};
  if (column.kind == "value") {
    field = {name, {DType::f32, {}}};
    field.scaling = unless_unscaled({{column.shift, column.scale}});
    field.normalized = !field.scaling.empty();
    field.centred = field.normalized && normalization_of(spec, column.name) == "standard";
    field.class_help = concat("write '", as_class(spec, column.name), "'");
    field.unscaled_help = name == "y" ? concat("write 'target: {column: ", column.name, ", normalize: none}'")
                                      : concat("write 'columns: {", name, ": {type: target, normalize: none}}'");
  }
  if (name != column.name) field.column = column.name;
  return field;
}

SampleField field_of_targets(const TableSpec& spec, const OneOrMore<FittedColumn>& targets) {
  std::vector<Scaling> scaling;
  for (const FittedColumn& target : targets.values) scaling.push_back({target.shift, target.scale});
  SampleField field{
      .name = "y",
      .type = {DType::f32, {std::ssize(scaling)}},
      .scaling = unless_unscaled(std::move(scaling)),
      .unscaled_help = concat("write 'target: {column: [", join(spec.target.column.values), "], normalize: none}'"),
      .value_names = spec.target.column.values};
  field.normalized = !field.scaling.empty();
  field.centred = field.normalized && spec.target.normalize == "standard";
  return field;
}

}  // namespace dl
