// npy: arrays that numpy saved, one a field, in .npy files or as members of a .npz archive.
#include <algorithm>
#include <map>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/npy.h"
#include "lib/data/reader.h"

namespace dl {
namespace {

// Values of an integer field are counted by reading it once.
int64_t largest(const NpyArray& array) {
  std::vector<std::byte> scratch(static_cast<size_t>(array.row_bytes()));
  std::vector<int32_t> values(static_cast<size_t>(array.row_elements()));
  int32_t most = 0, least = 0;
  for (int64_t i = 0; i < array.shape()[0]; ++i) {
    array.row(i, DType::i32, reinterpret_cast<std::byte*>(values.data()), scratch.data());
    most = std::max(most, *std::ranges::max_element(values));
    least = std::min(least, *std::ranges::min_element(values));
  }
  return least < 0 ? -1 : most;
}

class NpySet final : public Dataset {
 public:
  NpySet(std::map<std::string, std::shared_ptr<const NpyArray>> arrays, std::vector<std::string> classes)
      : classes_(std::move(classes)) {
    // "x" first and "y" last, as people expect them.
    const auto add = [&](const std::string& name) {
      arrays_.push_back(arrays.at(name));
      fields_.push_back(field(name, *arrays_.back()));
      scratch_bytes_ = std::max(scratch_bytes_, static_cast<size_t>(arrays_.back()->row_bytes()));
    };
    if (arrays.contains("x")) add("x");
    for (const auto& [name, array] : arrays)
      if (name != "x" && name != "y") add(name);
    add("y");
  }

  int64_t size() const override { return arrays_[0]->shape()[0]; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return false; }
  void get(int64_t index, Sample& into) const override {
    thread_local std::vector<std::byte> scratch;
    scratch.resize(std::max(scratch.size(), scratch_bytes_));
    for (size_t f = 0; f < arrays_.size(); ++f)
      arrays_[f]->row(index, fields_[f].type.dtype, into.fields[f], scratch.data());
  }
  uint64_t fingerprint() const override {
    Xxh64 hash;
    for (const auto& array : arrays_) hash.append(hash_text(array->fingerprint()));
    return hash.value();
  }

 private:
  SampleField field(const std::string& name, const NpyArray& array) {
    std::vector<int64_t> sizes(array.shape().sizes().begin() + 1, array.shape().sizes().end());
    const bool bytes = array.dtype() == "u1" || array.dtype() == "b1";
    if (array.is_float()) return {name, {DType::f32, Shape(std::move(sizes))}};
    if (name == "x" && bytes) {
      if (sizes.size() == 2) sizes.resize(3, 1);  // grey images
      return {name, {DType::u8, Shape(std::move(sizes))}};
    }
    const int64_t most = largest(array);
    const bool is_class = name == "y" && sizes.empty();
    if (is_class && (most < 0 || (!classes_.empty() && most >= static_cast<int64_t>(classes_.size()))))
      throw Error(Exit::data, Problem{.where = {.file = array.path().string()},
                                      .what = most < 0 ? "expected labels from 0 on, found negative ones"
                                                       : concat("expected labels from 0 to ", classes_.size() - 1,
                                                                ", found ", most)});
    if (is_class && classes_.empty())
      for (int64_t i = 0; i <= most; ++i) classes_.push_back(std::to_string(i));
    return {name, {DType::i32, Shape(std::move(sizes))}, is_class ? static_cast<int64_t>(classes_.size()) : most + 1};
  }

  std::vector<std::shared_ptr<const NpyArray>> arrays_;
  std::vector<SampleField> fields_;
  std::vector<std::string> classes_;
  size_t scratch_bytes_ = 0;
};

struct Npy final : Reader {
  std::string path;
  std::map<std::string, std::string> fields;

  void describe(Schema& s) override {
    s.summary("arrays that numpy saved: .npy files, or the members of a .npz archive");
    s.details(
        "Each field is an array [samples, ...], little-endian and in C order. f2, f4 and f8 become f32; u1 and b1 stay "
        "bytes in 'x' (images [samples, height, width, channels] or [samples, height, width]), elsewhere they and u2, "
        "u4, i4 and i8 become i32: tokens, or classes where 'y' is [samples]. Rows are read from the file when they "
        "are "
        "needed; only compressed members are held in memory.");
    s.required("fields", fields, "the file of each field; or the member, where 'path' names an archive");
    s.optional("path", path, "a .npz archive");
    s.example("{format: npy, fields: {x: images.npy, y: labels.npy}}");
    s.example("{format: npy, path: train.npz, fields: {x: x_train, y: y_train}}");
    s.check([this](const Report& report) {
      if (!fields.contains("y") || fields.size() < 2)
        report.at("fields", "expected 'y' and at least one input", "write 'fields: {x: ..., y: ...}'");
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
    return std::make_shared<NpySet>(std::move(arrays), folders.classes);
  }
};
DL_READER(Npy, "npy");

}  // namespace
}  // namespace dl
