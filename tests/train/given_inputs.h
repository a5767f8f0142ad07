// A data set of values that are given.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstring>
#include <utility>
#include <vector>

#include "lib/data/dataset.h"

namespace dl::testing {

// So many samples of some fields, each with its values.
class GivenInputs final : public Dataset {
 public:
  GivenInputs(Type type, std::vector<std::byte> values)
      : GivenInputs(std::vector<SampleField>{{"x", type}}, {std::move(values)}) {}
  GivenInputs(std::vector<SampleField> fields, std::vector<std::vector<std::byte>> values)
      : fields_(std::move(fields)), values_(std::move(values)) {}
  int64_t size() const override { return std::ssize(values_[0]) / fields_[0].type.bytes(); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return 1; }
  void get(int64_t index, Sample& into) const override {
    for (size_t f = 0; f < fields_.size(); ++f) {
      const auto bytes = static_cast<size_t>(fields_[f].type.bytes());
      std::memcpy(into.fields[f], values_[f].data() + static_cast<size_t>(index) * bytes, bytes);
    }
  }

 private:
  const std::vector<SampleField> fields_;
  const std::vector<std::vector<std::byte>> values_;
};

template <class T>
std::vector<std::byte> bytes_of_values(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace dl::testing
