// Tensors by name.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/weights_table.h"

#include "lib/base/error.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr size_t most_others = 1000;
constexpr size_t most_tensor_name_bytes = 4096;
constexpr size_t most_bytes_of_names = 64 << 20;

}  // namespace

void refuse_weights(const std::filesystem::path& file, const std::string& tensor, std::string what, std::string help) {
  throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                  .path = tensor.empty() ? "" : concat("tensor '", printable(tensor), "'"),
                                  .what = std::move(what),
                                  .notes = {},
                                  .help = std::move(help)});
}

const StoredTensor* WeightsTable::find(const std::string& name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? nullptr : &tensors_[found->second].tensor;
}

void WeightsTable::add(std::string name, StoredTensor tensor, std::string meaning) {
  if (!valid_utf8(name)) refuse_weights(path_, name, "has a name that is not UTF-8");
  if (name.size() > most_tensor_name_bytes)
    refuse_weights(path_, name.substr(0, 60) + "…", concat("has a name of ", name.size(), " bytes"));
  name_bytes_ += name.size();
  if (name_bytes_ > most_bytes_of_names)
    refuse_weights(path_, "", concat("the names of its tensors take more than ", most_bytes_of_names, " bytes"));
  if (!places_.emplace(name, tensors_.size()).second) refuse_weights(path_, name, "stands twice in the file");
  if (!meaning.empty()) meanings_[name] = std::move(meaning);
  tensors_.push_back({std::move(name), std::move(tensor)});
}

bool WeightsTable::is_full_of_others() const { return others_.size() >= most_others; }

void WeightsTable::add_other(std::string name, std::string value) {
  if (!is_full_of_others()) others_.push_back({std::move(name), std::move(value)});
}

void WeightsTable::add_unread(const std::string& name, const std::string& why) {
  add_other(name, why);
  if (unread_.size() < most_others) unread_.push_back({name, why});
}

const std::string& WeightsTable::meaning(const std::string& name) const {
  const auto found = meanings_.find(name);
  return found == meanings_.end() ? name : found->second;
}

void WeightsTable::expect_floats(const std::string& name) const {
  const StoredTensor* tensor = find(name);
  DL_CHECK(tensor, name);
  if (!is_float(tensor->type))
    refuse_weights(path_, name, concat("has dtype ", name_of(tensor->type), "; F32, F16, BF16, F64 or F8 is needed"));
}

TensorReader WeightsTable::floats(const std::string& name) const {
  expect_floats(name);
  return TensorReader(*find(name));
}

}  // namespace dl
