// random: samples without meaning, of any shape, for measuring speed where no data are needed.
#include <algorithm>
#include <cstring>

#include "lib/base/random.h"
#include "lib/data/reader.h"

namespace dl {
namespace {

class RandomSet final : public Dataset {
 public:
  RandomSet(Shape shape, int64_t samples, int64_t classes)
      : samples_(samples),
        classes_(static_cast<size_t>(classes)),
        fields_{{"x", {DType::u8, shape}}, {"y", {DType::i32, {}}}} {
    for (int64_t i = 0; i < classes; ++i) classes_[static_cast<size_t>(i)] = std::to_string(i);
  }

  int64_t size() const override { return samples_; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return true; }

  // Sample i is taken from one random block, at a place that depends on i: as fast as memory.
  void get(int64_t index, Sample& into) const override {
    const auto bytes = static_cast<size_t>(fields_[0].type.bytes());
    size_t at = static_cast<size_t>(index) * 97 % block().size();
    for (size_t done = 0; done < bytes; at = 0) {
      const size_t part = std::min(bytes - done, block().size() - at);
      std::memcpy(into.fields[0] + done, block().data() + at, part);
      done += part;
    }
    const auto label = static_cast<int32_t>(random_bits(key, 1, static_cast<uint64_t>(index)) % classes_.size());
    std::memcpy(into.fields[1], &label, sizeof label);
  }

  uint64_t fingerprint() const override { return static_cast<uint64_t>(samples_); }

 private:
  static constexpr uint64_t key = random_key(0, random_stream("random reader"));

  static const std::vector<std::byte>& block() {
    static const std::vector<std::byte> bytes = [] {
      std::vector<std::byte> made(64 << 10);
      for (size_t i = 0; i < made.size(); ++i) made[i] = static_cast<std::byte>(random_bits(key, 0, i));
      return made;
    }();
    return bytes;
  }

  int64_t samples_;
  std::vector<std::string> classes_;
  std::vector<SampleField> fields_;
};

struct Random final : Reader {
  std::vector<int64_t> shape;
  int64_t samples = 10000, classes = 10;
  void describe(Schema& s) override {
    s.summary("samples without meaning, of any shape, for measuring speed");
    s.required("shape", shape, "of a sample: [height, width, channels] or [features]").at_least(1).at_most(1 << 20);
    s.optional("samples", samples, "how many").at_least(1);
    s.optional("classes", classes, "how many classes the labels count").at_least(1).at_most(1 << 20);
    s.example("{format: random, shape: [32, 32, 3], samples: 50000, classes: 10}");
  }
  DatasetPointer open(const Folders&) const override {
    return std::make_shared<RandomSet>(Shape(shape), samples, classes);
  }
};
DL_READER(Random, "random");

}  // namespace
}  // namespace dl
