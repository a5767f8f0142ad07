// An image through transforms, for tests of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/transform.h"
#include "tests/data/sets_for_test.h"

namespace dl::testing {

// One sample of images, given as its bytes, and a mask on it where that is given too.
class OneImage final : public Dataset {
 public:
  OneImage(Type type, std::string bytes, std::string mask = {})
      : fields_{{"x", type}, {"y", {DType::i32, {}}}}, bytes_(std::move(bytes)), mask_(std::move(mask)) {
    if (!mask_.empty()) fields_[1].type.shape = {type.shape[0], type.shape[1]};
  }
  int64_t size() const override { return 1; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return 0; }
  void get(int64_t, Sample& into) const override {
    std::memcpy(into.fields[0], bytes_.data(), bytes_.size());
    std::memset(into.fields[1], 0, 4);
    std::memcpy(into.fields[1], mask_.data(), mask_.size());
  }

 private:
  std::vector<SampleField> fields_;
  const std::string bytes_, mask_;
};

inline std::vector<std::unique_ptr<Transform>> read_transforms(const std::string& yaml) {
  std::vector<std::unique_ptr<Transform>> transforms;
  std::vector<Problem> problems;
  Codec<std::vector<std::unique_ptr<Transform>>>::read(parse_yaml(yaml, "run.yaml"), transforms, {},
                                                       Reading(problems, "data.transforms"));
  if (!problems.empty()) throw Error(Exit::usage, std::move(problems));
  return transforms;
}

inline DatasetPointer image_through(const std::string& yaml, Type type, const std::string& bytes,
                                    const std::string& mask = {}) {
  return transformed(std::make_shared<OneImage>(std::move(type), bytes, mask), read_transforms(yaml));
}

inline std::string bytes_of_floats(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// What comes out of "x", numbers, in training, by position in the epoch.
inline std::vector<float> trained(const Dataset& data, int64_t position) {
  SampleRandom random(1, 0, position);
  return floats(sample(data, 0, &random)[0]);
}

}  // namespace dl::testing
