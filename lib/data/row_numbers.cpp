// Numbers of samples.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/row_numbers.h"

#include <cstring>
#include <limits>

#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/padded.h"
#include "lib/data/streamed.h"
#include "lib/data/succession.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

class RowNumbers final : public Dataset {
 public:
  explicit RowNumbers(DatasetPointer data)
      : data_(std::move(data)), field_{.name = row_field, .type = {DType::i32, {}}, .values = data_->size()} {}

  int64_t size() const override { return data_->size(); }
  std::span<const SampleField> fields() const override { return {&field_, 1}; }
  std::span<const std::string> classes() const override { return data_->classes(); }
  void get(int64_t index, Sample& into) const override {
    const auto row = static_cast<int32_t>(index);
    std::memcpy(into.fields[0], &row, sizeof row);
  }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return data_->fingerprint(); }

 private:
  const DatasetPointer data_;
  const SampleField field_;
};

}  // namespace

DatasetPointer row_numbers(DatasetPointer data) { return std::make_shared<RowNumbers>(std::move(data)); }

std::string why_not_kept(const Dataset& data) {
  if (capability<Streamed>(data)) return "the training set is a stream, whose samples have no numbers";
  if (capability<Padded>(data)) return "the training set has sequences of different lengths, padded batch by batch";
  if (!divisible(data)) return "the training set is of windows that are drawn or carried on, anew in each epoch";
  if (draws(data)) return "the transforms draw random numbers, so that samples are others in each epoch";
  if (data.size() > std::numeric_limits<int32_t>::max())
    return concat("the training set has ", data.size(), " samples, more than 32 bits count");
  return "";
}

}  // namespace dl
