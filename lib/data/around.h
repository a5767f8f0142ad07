// A decorator: a set that is another one but for what its class says.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <utility>

#include "lib/data/dataset.h"

namespace dl {

class Around : public Dataset {
 public:
  int64_t size() const override { return data_->size(); }
  std::span<const SampleField> fields() const override { return data_->fields(); }
  std::span<const std::string> classes() const override { return data_->classes(); }
  void get(int64_t index, Sample& into) const override { data_->get(inner_index(index), into); }
  const std::byte* get_in_place(int64_t index, size_t field, Sample& into) const override {
    return data_->get_in_place(inner_index(index), field, into);
  }
  void expect(int64_t index) const override { data_->expect(inner_index(index)); }
  void load() const override { data_->load(); }
  bool in_memory() const override { return data_->in_memory(); }
  uint64_t fingerprint() const override { return data_->fingerprint(); }
  std::vector<Problem> warnings() const override { return data_->warnings(); }
  Where place(int64_t index) const override { return data_->place(inner_index(index)); }
  const Dataset* inner() const final { return data_.get(); }

 protected:
  explicit Around(DatasetPointer data) : data_(std::move(data)) {}
  const DatasetPointer data_;
};

}  // namespace dl
