// tfrecord: samples as tf.train.Example and SequenceExample in TFRecord files, as TensorFlow writes them.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/file/file_fingerprint.h"
#include "lib/data/file/tfrecord.h"
#include "lib/data/fit.h"
#include "lib/data/image_keys.h"
#include "lib/data/reader.h"
#include "lib/data/sample_fit.h"
#include "lib/data/table/class_order.h"
#include "lib/data/windowed.h"
#include "lib/spec/one_or_more.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

// What a feature becomes.
struct FeatureSpec {
  std::string as = "values";
  std::optional<std::string> field;
  std::vector<int64_t> shape;
  void describe(Schema& s) {
    s.optional("as", as,
               "values, floats or whole numbers as they are; image, an encoded one; bytes, each of 0 to 255; class, a "
               "number or a name; numbers, floats of whole numbers too")
        .one_of({"values", "image", "bytes", "class", "numbers"})
        .positional();
    s.optional("field", field,
               "the sample's field: x, y or another name; without it y of a class or of numbers, else x");
    s.optional("shape", shape, "of a sample's values; without it as many as the first record has").at_least(1);
  }
  std::string field_name() const { return field.value_or(as == "class" || as == "numbers" ? "y" : "x"); }
};

class Examples final : public Dataset, public Windowed, public Fittable {
 public:
  Examples(const std::vector<fs::path>& paths, std::map<std::string, FeatureSpec> features, const ImageKeys& images,
           std::vector<std::string> classes)
      : images_(images), limits_(images.limits()), classes_(std::move(classes)) {
    for (const fs::path& path : paths) {
      files_.push_back(std::make_unique<TfrecordFile>(path));
      begins_.push_back(size_);
      size_ += files_.back()->size();
    }
    if (size_ == 0)
      throw Error(Exit::data,
                  Problem{.where = {.file = paths[0].string()}, .what = "expected records, the files have none"});
    for (auto& [name, spec] : features) parts_.push_back({.feature = name, .spec = std::move(spec)});
    // "x" first and "y" last.
    const auto rank = [](const Part& part) {
      const std::string field = part.spec.field_name();
      return field == "x" ? 0 : field == "y" ? 2 : 1;
    };
    std::ranges::stable_sort(parts_, {}, rank);
    for (const Part& part : parts_) names_.push_back(part.feature);
    if (std::ranges::any_of(parts_, [](const Part& part) { return part.spec.as == "class"; })) name_classes();
    const std::string first = record(0);
    const std::vector<ExampleFeature> values = features_of(0, first);
    for (size_t i = 0; i < parts_.size(); ++i) {
      fields_.push_back({parts_[i].spec.field_name(), type_of(parts_[i].spec, values[i], 0, i)});
      fields_.back().pixels = parts_[i].spec.as == "image" && images_.field(image_size_).pixels;
      if (parts_[i].spec.as == "class") fields_.back().values = std::ssize(classes_);
    }
  }

  int64_t size() const override { return size_; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return false; }
  std::vector<Problem> warnings() const override {
    std::vector<Problem> all;
    if (first_class_ > 0)
      all.push_back({.where = {.file = files_[0]->path().string()},
                     .what = concat("the least class is ", first_class_, ", so that classes from 0 on have no records"),
                     .help = "number the classes from 0 on, or name them by strings in the records"});
    if (images_at_ >= 0) std::ranges::copy(depths(), std::back_inserter(all));
    return all;
  }
  std::vector<Problem> depths() const {
    return images_.doubts(files_[0]->path(), size(), [this](int64_t i) {
      const std::string bytes = record(i);
      const std::vector<ExampleFeature> values = features_of(i, bytes);
      const auto& images = values[static_cast<size_t>(images_at_)].bytes;
      return images.empty() ? std::string() : std::string(images[0]);
    });
  }
  Node fit(std::span<const int64_t> /*samples*/) const override { return fit_samples(*this); }
  // Of names and files.
  uint64_t fingerprint() const override {
    Xxh64 hash(
        files_fingerprint(std::ssize(files_), [this](int64_t i) { return files_[static_cast<size_t>(i)]->path(); }));
    for (const auto& file : files_) hash.append(concat(file->path().filename().string(), '\0', file->size(), '\0'));
    return hash.value();
  }
  Where place(int64_t index) const override {
    const size_t file = file_of(index);
    return {.file = concat(files_[file]->path().string(), ", record ", index - begins_[file])};
  }

  void get(int64_t index, Sample& into) const override { put(index, nullptr, image_size_, into); }
  void get_window(int64_t index, const ImageWindow& window, Pair size, Sample& into) const override {
    put(index, &window, size, into);
  }

 private:
  struct Part {
    std::string feature;
    FeatureSpec spec;
  };

  size_t file_of(int64_t index) const {
    return static_cast<size_t>(std::ranges::upper_bound(begins_, index) - begins_.begin()) - 1;
  }
  std::string record(int64_t index) const {
    const size_t file = file_of(index);
    return files_[file]->record(index - begins_[file]);
  }
  [[noreturn]] void fail(int64_t index, std::string what, std::string help = {}) const {
    const size_t file = file_of(index);
    files_[file]->fail(index - begins_[file], std::move(what), std::move(help));
  }

  std::vector<ExampleFeature> features_of(int64_t index, const std::string& bytes) const {
    std::vector<ExampleFeature> values;
    try {
      values = example_features(bytes, names_);
      for (size_t i = 0; i < values.size(); ++i)
        if (values[i].kind == ExampleFeature::Kind::none)
          fail(index, concat("expected a feature '", names_[i], "', found none"),
               concat("name some of those that there are: ", shortened(join(example_names(bytes)), 200)));
    } catch (const std::runtime_error& error) {
      fail(index, error.what());
    }
    return values;
  }

  // Numbers up to the largest, or the names there are, in their order.
  void name_classes() {
    const bool are_given = !classes_.empty();
    std::set<std::string> found;
    int64_t most = -1, least = most_classes;
    std::vector<std::string> wanted;
    for (const Part& part : parts_)
      if (part.spec.as == "class") wanted.push_back(part.feature);
    for (int64_t i = 0; i < size_ && !are_given; ++i) {
      const std::string bytes = record(i);
      for (const ExampleFeature& value : class_features(i, bytes, wanted)) {
        for (const std::string_view name : value.bytes) found.emplace(name);
        for (const int64_t number : value.integers) {
          most = std::max(most, checked_class(i, number));
          least = std::min(least, number);
        }
      }
    }
    if (!found.empty())
      classes_ = sorted_classes(std::vector<std::string>(found.begin(), found.end()));
    else if (most >= 0)
      classes_ = numbered_classes(most + 1), first_class_ = least;
    for (size_t i = 0; i < classes_.size(); ++i) class_numbers_.emplace(classes_[i], static_cast<int32_t>(i));
  }
  std::vector<ExampleFeature> class_features(int64_t index, const std::string& bytes,
                                             const std::vector<std::string>& wanted) const {
    try {
      return example_features(bytes, wanted);
    } catch (const std::runtime_error& error) {
      fail(index, error.what());
    }
  }
  int64_t checked_class(int64_t index, int64_t number) const {
    if (number < 0 || number >= most_classes)
      fail(index, concat("expected a class from 0 to ", most_classes - 1, ", found ", number));
    return number;
  }

  // The field's type by the values of a record; all others must agree.
  Type type_of(const FeatureSpec& spec, const ExampleFeature& value, int64_t index, size_t part) {
    using Kind = ExampleFeature::Kind;
    const auto expect = [&](bool good, const std::string& what, const std::string& help = {}) {
      if (!good) fail(index, concat("feature '", names_[part], "': expected ", what), help);
    };
    if (spec.as == "image") {
      expect(value.kind == Kind::bytes && value.count() == 1, "the bytes of one image",
             "write 'as: values' of numbers");
      expect(images_at_ < 0, "one image in a sample, as 'as: image'");
      images_at_ = static_cast<int64_t>(part);
      image_size_ = images_.size ? *images_.size : image_size(place(index).file, value.bytes[0], limits_);
      form_ = images_.form(image_size_);
      return images_.field(image_size_).type;
    }
    if (spec.as == "class") {
      expect(value.count() == 1 && value.kind != Kind::floats, "one class, a whole number or a name");
      return {DType::i32, {}};
    }
    int64_t count = value.count();
    DType dtype = value.kind == Kind::floats || spec.as == "numbers" ? DType::f32 : DType::i32;
    if (spec.as == "bytes") {
      expect(value.kind == Kind::bytes && value.count() == 1, "one string of bytes");
      count = std::ssize(value.bytes[0]);
      dtype = DType::u8;
    } else {
      expect(value.kind != Kind::bytes, "numbers, found bytes",
             "write 'as: image' of an encoded image, 'as: class' of a name, 'as: bytes' of raw ones");
    }
    expect(count > 0, "values, found none");
    std::vector<int64_t> sizes = spec.shape;
    if (sizes.empty() && value.steps > 0) sizes = {value.steps, count / value.steps};
    if (sizes.empty() && (count > 1 || spec.field_name() != "y")) sizes = {count};
    const Shape shape(std::move(sizes));
    expect(shape.elements() == count, concat(count_of(shape.elements(), "value"), ", found ", count),
           "let 'shape' be that of the values");
    return {dtype, shape};
  }

  void put(int64_t index, const ImageWindow* window, Pair size, Sample& into) const {
    const std::string bytes = record(index);
    const std::vector<ExampleFeature> values = features_of(index, bytes);
    for (size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i].spec.as == "image") {
        if (values[i].bytes.size() != 1) fail(index, concat("feature '", names_[i], "': expected one image"));
        decode_image(place(index).file, values[i].bytes[0], form_, window ? *window : whole_image(image_size_), size,
                     into.fields[i], limits_);
      } else if (parts_[i].spec.as == "class") {
        const int32_t number = class_of_value(index, i, values[i]);
        std::memcpy(into.fields[i], &number, sizeof number);
      } else {
        put_values(index, i, values[i], into.fields[i]);
      }
    }
  }

  int32_t class_of_value(int64_t index, size_t part, const ExampleFeature& value) const {
    if (value.bytes.size() == 1)
      if (const auto found = class_numbers_.find(std::string(value.bytes[0])); found != class_numbers_.end())
        return found->second;
    if (value.integers.size() == 1 && value.integers[0] >= 0 && value.integers[0] < std::ssize(classes_))
      return static_cast<int32_t>(value.integers[0]);
    fail(index, concat("feature '", names_[part], "': expected one class of the ", classes_.size(), ", found ",
                       value.bytes.size() == 1      ? "'" + shortened(std::string(value.bytes[0])) + "'"
                       : value.integers.size() == 1 ? std::to_string(value.integers[0])
                                                    : count_of(value.count(), "value")));
  }

  void put_values(int64_t index, size_t part, const ExampleFeature& value, std::byte* into) const {
    const Type& type = fields_[part].type;
    const bool is_bytes = type.dtype == DType::u8;
    const int64_t count = is_bytes ? (value.bytes.size() == 1 ? std::ssize(value.bytes[0]) : -1) : value.count();
    if (count != type.shape.elements() || (!is_bytes && !value.bytes.empty()))
      fail(index,
           concat("feature '", names_[part], "': expected ", count_of(type.shape.elements(), "value"),
                  " as in the first record, found ", value.count()),
           "write records of one size: sequences are padded before");
    if (is_bytes) {
      std::memcpy(into, value.bytes[0].data(), value.bytes[0].size());
    } else if (type.dtype == DType::f32) {
      auto* out = reinterpret_cast<float*>(into);
      for (const float x : value.floats) *out++ = x;
      for (const int64_t x : value.integers) *out++ = static_cast<float>(x);
    } else {
      if (!value.floats.empty())
        fail(index, concat("feature '", names_[part], "': expected whole numbers, found floats"));
      auto* out = reinterpret_cast<int32_t*>(into);
      for (const int64_t x : value.integers) {
        if (x < std::numeric_limits<int32_t>::min() || x > std::numeric_limits<int32_t>::max())
          fail(index, concat("feature '", names_[part], "': expected numbers of 32 bits, found ", x));
        *out++ = static_cast<int32_t>(x);
      }
    }
  }

  const ImageKeys images_;
  const ImageLimits limits_;
  std::vector<std::unique_ptr<TfrecordFile>> files_;
  std::vector<int64_t> begins_;  // the first sample of each file
  int64_t size_ = 0;
  std::vector<Part> parts_;  // one a field
  std::vector<std::string> names_;
  std::vector<SampleField> fields_;
  std::vector<std::string> classes_;
  std::map<std::string, int32_t> class_numbers_;
  int64_t first_class_ = 0;  // that a record has, of those that are numbers
  int64_t images_at_ = -1;   // the field that is an image
  Pair image_size_;
  ImageForm form_;
};

struct Tfrecord final : Reader {
  OneOrMore<std::string> path;
  std::map<std::string, FeatureSpec> features;
  std::optional<int64_t> classes;
  ImageKeys images;
  void describe(Schema& s) override {
    s.summary("samples in TFRecord files, as TensorFlow writes them");
    s.details(
        "Records are tf.train.Example or SequenceExample, also of files that are gzip. 'features' says which are read "
        "and as what; of a feature list x is [steps, values]. Every record must have as many values as the first. "
        "Samples are read in any order, by an index that one pass over the files makes; checksums are verified. "
        "Classes "
        "are those that the records have, unless 'classes' says how many there are.");
    s.required("path", path, "the file, or several; '*' in a name stands for any characters")
        .known_as({"file", "files", "paths", "filenames"});
    s.required("features", features, "by the records' names: {image: image, label: class}");
    s.optional("classes", classes, "how many there are, numbered from 0; without it all records are looked at")
        .at_least(1)
        .at_most(most_classes)
        .known_as({"num_classes"});
    images.describe(s);
    s.example(
        "{format: tfrecord, path: flowers.tfrecord, features: {image/encoded: image, label: class}, size: [64, 64]}");
    s.example(
        "{format: tfrecord, path: [a.tfrecord, b.tfrecord], features: {values: {shape: [24, 3]}, next: numbers}}");
    s.check([this](const Report& report) {
      if (path.empty()) report.at("path", "expected a file at least");
      std::set<std::string> fields;
      for (const auto& [name, spec] : features)
        if (!fields.insert(spec.field_name()).second)
          report.at("features", concat("two features are the field '", spec.field_name(), "'"),
                    concat("write '", name, ": {field: NAME}'"));
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    std::vector<fs::path> paths;
    for (const std::string& name : path.values)
      for (fs::path& file : find_all_data(folders, name)) paths.push_back(std::move(file));
    std::vector<std::string> names = folders.classes;
    if (names.empty() && classes) names = numbered_classes(*classes);
    return std::make_shared<Examples>(paths, features, images, std::move(names));
  }
  DatasetPointer open_fitted(const Node& fit) const override { return samples_of_fit(fit); }
};
DL_READER(Tfrecord, "tfrecord");

}  // namespace
}  // namespace dl
