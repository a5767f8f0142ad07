// random: samples without meaning, of any shape, for measuring speed where no data are needed.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/data/labelled.h"
#include "lib/data/reader.h"

namespace dl {
namespace {

constexpr int64_t most_values = int64_t{1} << 32;  // of a sample
constexpr uint64_t key = random_key(0, random_stream("random reader"));

// Elements of one type, the same for every set: samples are taken from them, which is as fast as memory.
class Block {
 public:
  Block(DType dtype, int64_t values) : bytes_(64 << 10) {
    for (size_t i = 0; i < bytes_.size() / sizeof(uint32_t); ++i) {
      const uint32_t bits = random_bits(key, 0, i);
      const auto number = static_cast<int32_t>(bits % static_cast<uint64_t>(std::max<int64_t>(values, 1)));
      const float part = static_cast<float>(bits >> 8) * 0x1p-23f - 1;
      const void* from = dtype == DType::i32 ? &number : dtype == DType::f32 ? static_cast<const void*>(&part) : &bits;
      std::memcpy(bytes_.data() + i * sizeof bits, from, sizeof bits);
    }
  }

  void copy(int64_t index, std::byte* into, size_t bytes) const {
    size_t at = static_cast<size_t>(index) * 97 * sizeof(uint32_t) % bytes_.size();
    for (size_t done = 0; done < bytes; at = 0) {
      const size_t part = std::min(bytes - done, bytes_.size() - at);
      std::memcpy(into + done, bytes_.data() + at, part);
      done += part;
    }
  }

 private:
  std::vector<std::byte> bytes_;
};

class RandomSet : public Dataset {
 public:
  RandomSet(SampleField x, SampleField y, int64_t samples) : samples_(samples), fields_{std::move(x), std::move(y)} {
    for (const SampleField& field : fields_) blocks_.emplace_back(field.type.dtype, field.values);
    for (int64_t i = 0; i < fields_[1].values; ++i) classes_.push_back(std::to_string(i));
  }

  int64_t size() const override { return samples_; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return true; }
  void get(int64_t index, Sample& into) const override {
    for (size_t i = 0; i < fields_.size(); ++i)
      blocks_[i].copy(index, into.fields[i], static_cast<size_t>(fields_[i].type.bytes()));
  }
  uint64_t fingerprint() const override { return static_cast<uint64_t>(samples_); }

 protected:
  const int64_t samples_;
  const std::vector<SampleField> fields_;
  std::vector<Block> blocks_;
  std::vector<std::string> classes_;
};

// With a class each.
class LabelledRandomSet final : public RandomSet, public Labelled {
 public:
  using RandomSet::RandomSet;
  bool has_labels() const override { return false; }  // that mean anything
  // Without the samples, which may be large.
  std::vector<int64_t> labels() const override {
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < samples_; ++i) {
      int32_t label = 0;
      blocks_[1].copy(i, reinterpret_cast<std::byte*>(&label), sizeof label);
      labels.push_back(label);
    }
    return labels;
  }
};

struct Random final : Reader {
  std::vector<int64_t> shape;
  std::string dtype = "u8";
  int64_t samples = 10000;
  std::optional<int64_t> vocabulary, classes, targets;
  void describe(Schema& s) override {
    s.summary("samples without meaning, of any shape, for measuring speed");
    s.details(
        "The target is one of the classes; with 'targets', so many numbers; with 'vocabulary' alone, a token for each "
        "of the sample's.");
    s.required("shape", shape, "of a sample: [height, width, channels], [features] or [tokens]")
        .at_least(1)
        .at_most(1 << 20);
    s.optional("dtype", dtype, "of a sample's numbers: u8, or f32 in [-1, 1)").one_of({"u8", "f32"});
    s.optional("vocabulary", vocabulary, "samples are tokens (i32), of so many kinds").at_least(1).at_most(1 << 20);
    s.optional("samples", samples, "how many").at_least(1).at_most(1 << 26);
    s.optional("classes", classes, "how many classes the labels count; without it, 10").at_least(1).at_most(1 << 20);
    s.optional("targets", targets, "the target is so many numbers (f32); 1: a single one").at_least(1).at_most(1 << 20);
    s.example("{format: random, shape: [32, 32, 3], samples: 50000, classes: 10}");
    s.example("{format: random, shape: [64], vocabulary: 65}");
    s.example("{format: random, shape: [8], dtype: f32, targets: 1}");
    s.check([this](const Report& report) {
      int64_t values = 1;
      for (const int64_t size : shape) values = std::min(most_values + 1, values * size);  // each is at most 2^20
      if (values > most_values)
        report.at("shape", concat("expected at most ", most_values, " numbers a sample, got ", Shape(shape).text()));
      if (classes && targets) report.at("targets", "'classes' and 'targets' are both given", "keep one of them");
    });
  }
  DatasetPointer open(const Folders&) const override {
    SampleField x{"x", {dtype == "u8" ? DType::u8 : DType::f32, Shape(shape)}};
    if (vocabulary) x = {"x", {DType::i32, Shape(shape)}, *vocabulary};
    SampleField y{"y", {DType::i32, {}}, classes.value_or(10)};
    if (targets) y = {"y", {DType::f32, *targets == 1 ? Shape() : Shape{*targets}}};
    if (vocabulary && !classes && !targets) y = {"y", x.type, *vocabulary};
    if (y.type == Type{DType::i32, {}}) return std::make_shared<LabelledRandomSet>(std::move(x), std::move(y), samples);
    return std::make_shared<RandomSet>(std::move(x), std::move(y), samples);
  }
};
DL_READER(Random, "random");

}  // namespace
}  // namespace dl
