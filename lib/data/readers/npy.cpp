// npy: arrays that numpy saved, one a field, in .npy files or as members of a .npz archive.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/array/npy.h"
#include "lib/data/fit.h"
#include "lib/data/image/image_layout.h"
#include "lib/data/reader.h"
#include "lib/data/sample_fit.h"

namespace dl {
namespace {

// Gives all values of an array, read in pieces of bounded memory: each(value, index).
template <class Value, class Each>
void each_value(const NpyArray& array, DType dtype, Each each) {
  constexpr int64_t piece = 16 << 10;
  std::vector<Value> values(piece);
  std::vector<std::byte> scratch(piece * sizeof(double));
  const int64_t all = array.shape().elements();
  for (int64_t first = 0; first < all; first += piece) {
    const int64_t count = std::min(piece, all - first);
    array.read_values(first, count, dtype, reinterpret_cast<std::byte*>(values.data()), scratch.data());
    for (int64_t i = 0; i < count; ++i) each(values[static_cast<size_t>(i)], first + i);
  }
}

// The least and the largest number of an array of integers, and where they stand.
struct ValueRange {
  int32_t least = INT32_MAX, most = INT32_MIN;
  int64_t least_at = 0, most_at = 0;
};
ValueRange range_of(const NpyArray& array) {
  ValueRange range;
  each_value<int32_t>(array, DType::i32, [&](int32_t value, int64_t i) {
    if (value < range.least) range.least = value, range.least_at = i;
    if (value > range.most) range.most = value, range.most_at = i;
  });
  return range;
}

constexpr const char* number_classes = "number the classes from 0 on: numpy.unique(y, return_inverse=True)[1]";

class NpySet final : public Dataset, public Fittable {
 public:
  NpySet(std::map<std::string, std::shared_ptr<const NpyArray>> arrays, std::vector<std::string> classes,
         const std::optional<std::string>& layout)
      : classes_(std::move(classes)), layout_(layout) {
    // "x" first and "y" last, as people expect them.
    const auto add = [&](const std::string& name) {
      arrays_.push_back(arrays.at(name));
      fields_.push_back(field(name, *arrays_.back()));
      scratch_bytes_ = std::max(scratch_bytes_, static_cast<size_t>(arrays_.back()->row_bytes()));
    };
    if (arrays.contains("x")) add("x");
    for (const auto& [name, array] : arrays)
      if (name != "x" && name != "y") add(name);
    if (arrays.contains("y")) add("y");
  }

  int64_t size() const override { return arrays_[0]->shape()[0]; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return false; }
  std::vector<Problem> warnings() const override { return warnings_; }
  void get(int64_t index, Sample& into) const override {
    thread_local std::vector<std::byte> scratch, planes;
    scratch.resize(std::max(scratch.size(), scratch_bytes_));
    for (size_t f = 0; f < arrays_.size(); ++f) {
      const Type& type = fields_[f].type;
      if (f > 0 || !planes_first_) {
        arrays_[f]->row(index, type.dtype, into.fields[f], scratch.data());
        continue;
      }
      planes.resize(std::max(planes.size(), static_cast<size_t>(type.bytes())));
      arrays_[f]->row(index, type.dtype, planes.data(), scratch.data());
      interleave_channels(planes.data(), type, into.fields[f]);
    }
  }
  uint64_t fingerprint() const override {
    Xxh64 hash;
    for (const auto& array : arrays_) hash.append(hash_text(array->fingerprint()));
    return hash.value();
  }
  Node fit(std::span<const int64_t> /*samples*/) const override { return fit_samples(*this); }

 private:
  SampleField field(const std::string& name, const NpyArray& array) {
    std::vector<int64_t> sizes(array.shape().sizes().begin() + 1, array.shape().sizes().end());
    const bool bytes = array.dtype() == "u1" || array.dtype() == "b1";
    if (name == "x" && (array.is_float() || bytes)) {
      const DType dtype = bytes ? DType::u8 : DType::f32;
      const LaidOut laid_out = lay_out(Shape(std::move(sizes)), bytes, layout_);
      if (!laid_out.refused.empty()) array.fail(laid_out.refused, laid_out.help);
      if (!laid_out.warning.empty()) warn(array, laid_out.warning, laid_out.help);
      planes_first_ = laid_out.channels_first;
      return {name, {dtype, laid_out.shape}};
    }
    if (name == "x" && layout_)
      array.fail(concat("expected images of u1, f2, f4 or f8 for 'layout', found ", array.dtype()),
                 "leave 'layout' out");
    if (array.is_float()) {
      SampleField numbers{name, {DType::f32, Shape(std::move(sizes))}};
      if (name == "y" && warn_of_classes_in_floats(array))
        numbers.class_help = "save the labels with .astype(numpy.int64)";
      return numbers;
    }
    const ValueRange range = range_of(array);
    SampleField whole{name, {DType::i32, Shape(std::move(sizes))}, range.least < 0 ? 0 : int64_t{range.most} + 1};
    whole.number_help = "save the numbers with .astype(numpy.float32)";
    if (name == "y" && array.row_elements() == 1) {  // [samples, 1] too, as Keras has labels
      name_classes(array, range);
      whole.type.shape = {};
      whole.values = static_cast<int64_t>(classes_.size());
    }
    return whole;
  }

  void name_classes(const NpyArray& array, const ValueRange& range) {
    const int64_t most = (classes_.empty() ? most_classes : static_cast<int64_t>(classes_.size())) - 1;
    if (range.least < 0)
      array.fail(concat("sample ", range.least_at, ": expected a label from 0 on, found ", range.least),
                 number_classes);
    if (range.most > most)
      array.fail(concat("sample ", range.most_at, ": expected a label from 0 to ", most, ", found ", range.most),
                 classes_.empty() ? number_classes : "");
    if (!classes_.empty()) return;
    classes_ = numbered_classes(int64_t{range.most} + 1);
    std::vector<bool> occurs(classes_.size());
    each_value<int32_t>(array, DType::i32, [&](int32_t label, int64_t) { occurs[static_cast<size_t>(label)] = true; });
    const auto kinds = std::ranges::count(occurs, true);
    if (kinds * 2 < static_cast<int64_t>(occurs.size()))
      warn(array,
           concat("the largest label is ", range.most, ", so there are ", occurs.size(), " classes, of which ", kinds,
                  kinds == 1 ? " has" : " have", " samples"),
           number_classes);
    else if (range.least > 0 && kinds > 1)
      warn(array, concat("the least label is ", range.least, ", so that there is a class 0 without samples"),
           number_classes);
  }

  // Classes that somebody saved as floats look like numbers to be predicted: whether they seem to be some.
  bool warn_of_classes_in_floats(const NpyArray& array) {
    constexpr float most_likely = 1000;
    if (array.row_elements() > 1) return false;
    std::vector<bool> occurs;
    bool whole = true;
    each_value<float>(array, DType::f32, [&](float value, int64_t) {
      whole = whole && value >= 0 && value <= most_likely && value == std::floor(value);
      if (!whole) return;
      const auto label = static_cast<size_t>(value);
      if (label >= occurs.size()) occurs.resize(label + 1);
      occurs[label] = true;
    });
    if (!whole || occurs.size() < 2 || std::ranges::count(occurs, false) > 0) return false;
    warn(array,
         concat("the labels are floats and so numbers to be predicted, but all are whole, from 0 to ",
                occurs.size() - 1),
         "if they are classes save them with .astype(numpy.int64)");
    return true;
  }

  void warn(const NpyArray& array, std::string what, std::string help) {
    warnings_.push_back({.where = {.file = array.place()}, .what = std::move(what), .help = std::move(help)});
  }

  std::vector<std::shared_ptr<const NpyArray>> arrays_;
  std::vector<SampleField> fields_;
  std::vector<std::string> classes_;
  const std::optional<std::string> layout_;
  std::vector<Problem> warnings_;
  size_t scratch_bytes_ = 0;
  bool planes_first_ = false;  // "x", the first field, is stored [channels, height, width]
};

struct Npy final : Reader {
  std::string path;
  std::map<std::string, std::string> fields;
  std::optional<std::string> layout;

  void describe(Schema& s) override {
    s.summary("arrays that numpy saved: .npy files, or the members of a .npz archive");
    s.also_known_as({"numpy", "arrays"});
    s.details(
        "Each field is an array [samples, ...], of either byte order, in C's or Fortran's. f2, f4 and f8 become f32; "
        "u1 and b1 stay bytes in 'x', elsewhere they and i1, i2, u2, i4, u4, i8 and u8 become i32: tokens, or classes "
        "where 'y' is [samples] or [samples, 1]. In 'x' [samples, height, width] of bytes are grey images, of floats "
        "sequences "
        "[length, features] unless 'layout: grey' says otherwise; [samples, height, width, channels] are images, with "
        "'layout: channels_first' [samples, channels, height, width] and [samples, channels, length], PyTorch's order. "
        "Rows are read from the file "
        "when they are needed; only compressed members and arrays in Fortran's order are held in memory.");
    s.required("fields", fields, "the file of each field; or the member, where 'path' names an archive")
        .help("write 'fields: {x: images.npy, y: labels.npy}'");
    for (const char* key : {"x", "y", "inputs", "targets", "labels", "images", "data", "features", "X"})
      s.instead_of(key, "write 'fields: {x: FILE, y: FILE}'");
    s.optional("path", path, "a .npz archive");
    s.optional(
         "layout", layout,
         "of the images in 'x', and of sequences: channels_first is [channels, length]; grey ones have no channels")
        .one_of(image_layouts());
    s.example("{format: npy, fields: {x: images.npy, y: labels.npy}}");
    s.example("{format: npy, path: train.npz, fields: {x: x_train, y: y_train}}");
    s.check([this](const Report& report) {
      if (fields.empty() || (fields.size() == 1 && fields.contains("y")))
        report.at("fields", "expected at least one input", "write 'fields: {x: ..., y: ...}'");
      if (layout && !fields.contains("x")) report.at("layout", "there is no field 'x'", "leave 'layout' out");
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    std::map<std::string, std::shared_ptr<const NpyArray>> arrays;
    for (const auto& [name, source] : fields)
      arrays[name] = path.empty() ? std::make_shared<NpyArray>(find_data(folders, source), "")
                                  : std::make_shared<NpyArray>(find_data(folders, path), source);
    const auto& [first, array] = *arrays.begin();
    for (const auto& [name, other] : arrays)
      if (other->shape()[0] != array->shape()[0])
        throw Error(Exit::data, Problem{.what = concat("expected as many samples in '", name, "' as in '", first, "' (",
                                                       array->shape()[0], "), found ", other->shape()[0])});
    return std::make_shared<NpySet>(std::move(arrays), folders.classes, layout);
  }
  DatasetPointer open_fitted(const Node& fit) const override { return samples_of_fit(fit); }
};
DL_READER(Npy, "npy");

}  // namespace
}  // namespace dl
