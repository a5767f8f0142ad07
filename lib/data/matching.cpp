// Sets beside the training set, and what is said of their differences.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/matching.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/data/data_spec.h"
#include "lib/data/sample_fit.h"

namespace dl {
namespace {

std::string type_and_shape(const Type& type) { return concat(name_of(type.dtype), " ", type.shape.text()); }

std::string field_names(std::span<const SampleField> fields) {
  std::vector<std::string> names;
  for (const SampleField& field : fields) names.push_back(field.name);
  return join(names);
}

// Whether a field has a number for each class where a fit says one for the class.
bool is_one_hot(const SampleField& field, const std::string& dtype) {
  return field.type.dtype == DType::f32 && dtype == name_of(DType::i32) && field.type.shape.rank() == 1 &&
         field.type.shape[0] > 1;
}

}  // namespace

std::vector<std::string> names_of_target(const Dataset& data) {
  if (!data.classes().empty()) return {data.classes().begin(), data.classes().end()};
  const auto y = std::ranges::find(data.fields(), "y", &SampleField::name);
  return y != data.fields().end() ? y->value_names : std::vector<std::string>();
}

bool same_classes(std::span<const std::string> some, std::span<const std::string> others) {
  return std::ranges::equal(some, others) || are_numbered(some) || are_numbered(others);
}

bool has_fields_of(const Dataset& part, const Dataset& train) {
  return std::ranges::equal(part.fields(), train.fields(), [](const SampleField& a, const SampleField& b) {
    return a.name == b.name && a.type == b.type;
  });
}

void expect_as_training(const Dataset& part, const Dataset& train, const Where& where, const KeyFindings& findings) {
  const auto found = part.fields(), expected = train.fields();
  if (const std::string names = field_names(expected); field_names(found) != names) {
    findings.add(where, concat("expected the fields ", names, " of the training data, found ", field_names(found)));
  } else {
    for (size_t i = 0; i < found.size(); ++i)
      if (!expected[i].value_names.empty() && found[i].value_names != expected[i].value_names)
        findings.add(where, concat("expected the numbers of '", found[i].name, "' to be of ",
                                   shortened(join(expected[i].value_names), 200), " as in the training data, found ",
                                   shortened(join(found[i].value_names), 200)));
      else if (const Type& type = found[i].type, &wanted = expected[i].type; type != wanted)
        findings.add(where,
                     concat("expected ", found[i].name == "x" ? "samples" : "'" + found[i].name + "'", " of type ",
                            name_of(wanted.dtype), " and shape ", wanted.shape.text(),
                            " as in the training data, found ", type_and_shape(type)),
                     found[i].pixels == expected[i].pixels ? ""
                     : expected[i].pixels                  ? "write 'bits: 16' here too"
                                                           : "write 'bits: 16' for the training data too");
  }
  if (part.classes().size() != train.classes().size())
    findings.add(where, concat("expected the ", train.classes().size(), " classes of the training data, found ",
                               part.classes().size()));
  else if (!same_classes(part.classes(), train.classes()))
    findings.add(where,
                 concat("expected the classes of the training data in their order, ",
                        shortened(join(train.classes()), 200), "; found ", shortened(join(part.classes()), 200)),
                 "name them as the training data do");
}

void expect_as_fitted(const Dataset& train, const Node& fit, const Where& where, const KeyFindings& findings) {
  const Node* known = fit.is_map() ? fit.find("fields") : nullptr;
  if (!known || !known->is_list()) return;
  for (const SampleField& field : train.fields())
    for (const Node& one : known->items) {
      const Node *name = one.is_map() ? one.find("name") : nullptr, *dtype = one.is_map() ? one.find("dtype") : nullptr;
      if (!name || !dtype || name->text != field.name || dtype->text == name_of(field.type.dtype)) continue;
      if (dtype->text == f32_or_i32 && field.type.dtype != DType::u8) continue;
      findings.add(
          where,
          concat("expected '", field.name, "' of type ", dtype->text, ", as 'data.fitted' says, found ",
                 type_and_shape(field.type)),
          field.type.dtype == DType::u8
              ? "save it as float32; or take 'data.fitted' out, where bytes divided by 255 are meant"
          : is_one_hot(field, dtype->text)
              ? concat("save the numbers of the classes, ", field.name, ".argmax(-1), or take 'data.fitted' out")
              : concat("save it by .astype(numpy.", field.type.dtype == DType::f32 ? "int64" : "float32",
                       "), or take 'data.fitted' out"));
    }
}

}  // namespace dl
