// The fit as it stands in the resolved config.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/sample_fit.h"

#include <algorithm>

#include "lib/data/fit.h"
#include "lib/data/token_line.h"

namespace dl {
namespace {

struct FittedField {
  std::string name, dtype;
  std::vector<int64_t> shape;
  int64_t values = 0;
  bool boxes = false, pixels = false;
  std::vector<std::string> value_names;
  void describe(Schema& s) {
    s.summary("a field of the training part's samples");
    s.required("name", name, "the field's");
    s.required("dtype", dtype, "of its numbers").one_of({"f32", "i32", "u8", f32_or_i32});
    s.required("shape", shape, "of one sample").at_least(1);
    s.optional("values", values, "it counts so many things; 0: not known").at_least(0);
    s.optional("boxes", boxes, "it is boxes on the image");
    s.optional("pixels", pixels, "it is decoded images, from 0 to 1");
    s.optional("value_names", value_names, "what each number of the last axis is of");
  }
};

struct FittedSamples {
  std::vector<FittedField> fields;
  std::string classes;
  int64_t numbered_classes = 0;
  void describe(Schema& s) {
    s.summary("what is known of samples that are read as they are");
    s.required("fields", fields, "of a sample");
    s.optional("classes", classes, "the names of the classes, from label 0 on, with %HH for blanks and odd bytes");
    s.optional("numbered_classes", numbered_classes, "so many classes, named by their numbers")
        .at_least(0)
        .at_most(most_classes);
  }
};

class SamplesOfFit final : public Dataset {
 public:
  explicit SamplesOfFit(const FittedSamples& fit)
      : classes_(fit.numbered_classes > 0 ? numbered_classes(fit.numbered_classes) : tokens_in(fit.classes)) {
    for (const FittedField& field : fit.fields) {
      const DType dtype = field.dtype == "u8" ? DType::u8 : field.dtype == "i32" ? DType::i32 : DType::f32;
      fields_.push_back({.name = field.name,
                         .type = {dtype, Shape(field.shape)},
                         .values = field.values,
                         .value_names = field.value_names,
                         .pixels = field.pixels,
                         .boxes = field.boxes});
    }
  }

  int64_t size() const override { return 0; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return 0; }
  void get(int64_t index, Sample&) const override { DL_CHECK(false, "there is no sample ", index); }

 private:
  std::vector<SampleField> fields_;
  const std::vector<std::string> classes_;
};

}  // namespace

std::vector<std::string> numbered_classes(int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

bool are_numbered(std::span<const std::string> classes) {
  for (size_t i = 0; i < classes.size(); ++i)
    if (classes[i] != std::to_string(i)) return false;
  return true;
}

Node fit_samples(const Dataset& data) {
  FittedSamples fit;
  for (const SampleField& field : data.fields())
    fit.fields.push_back({field.name, name_of(field.type.dtype), field.type.shape.sizes(), field.values, field.boxes,
                          field.pixels, field.value_names});
  const auto classes = data.classes();
  if (!classes.empty() && are_numbered(classes)) {
    fit.numbered_classes = static_cast<int64_t>(classes.size());
  } else {
    fit.classes = tokens_text(classes);
  }
  return write_object(fit);
}

bool leaves_types_open(const Node& fit) {
  const Node* fields = fit.is_map() ? fit.find("fields") : nullptr;
  return fields && fields->is_list() && std::ranges::any_of(fields->items, [](const Node& field) {
           const Node* dtype = field.is_map() ? field.find("dtype") : nullptr;
           return dtype && dtype->text == f32_or_i32;
         });
}

DatasetPointer samples_of_fit(const Node& fit) { return std::make_shared<SamplesOfFit>(read_fit<FittedSamples>(fit)); }

}  // namespace dl
