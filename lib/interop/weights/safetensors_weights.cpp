// safetensors as one of the formats of weights, and the index of a model that is cut into several files, as Hugging
// Face's are: {"weight_map": {NAME: FILE, …}} beside them.
// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/safetensors.h"
#include "lib/interop/weights/safetensors_start.h"
#include "lib/interop/weights/weights_format.h"

namespace dl {
namespace {

class SafetensorsWeights final : public WeightsFormat {
 public:
  std::string name() const override { return "safetensors"; }
  bool recognises(const WeightsSource& source) const override { return begins_as_safetensors(source.start); }
  WeightsTable read(const WeightsSource& source) const override {
    const SafetensorsFile file(source.path());
    WeightsTable table(source.path(), name());
    const StoredBytes::Pointer bytes = StoredBytes::in_file(source.file, 0, source.file->size_bytes());
    table.add_holder("");
    for (const auto& [key, entry] : file.tensors()) {
      StoredTensor tensor;
      tensor.type = *element_type(entry.dtype);
      tensor.shape = entry.shape;
      tensor.offset = entry.offset;
      tensor.bytes = bytes;
      table.add(key, std::move(tensor));
    }
    for (const auto& [key, value] : file.metadata()) table.add_other(key, "'" + shortened(value) + "'");
    return table;
  }
};
DL_WEIGHTS_FORMAT(SafetensorsWeights);

class ShardedWeights final : public WeightsFormat {
 public:
  std::string name() const override { return "an index of several files"; }
  bool recognises(const WeightsSource& source) const override {
    const std::string_view start = trim(source.start);
    return start.starts_with("{") && start.find("\"weight_map\"") != std::string_view::npos;
  }
  WeightsTable read(const WeightsSource& source) const override {
    const nlohmann::json index = nlohmann::json::parse(read_file(source.path(), most_index_bytes), nullptr, false);
    if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
      refuse_weights(source.path(), "", "expected an index {\"weight_map\": {NAME: FILE}}", "get the file again");
    std::map<std::string, std::vector<std::string>> names;  // by file
    for (const auto& [tensor, file] : index["weight_map"].items()) {
      if (!file.is_string()) refuse_weights(source.path(), tensor, "stands in a file that is no text");
      names[file.get<std::string>()].push_back(tensor);
    }
    WeightsTable table(source.path(), concat("an index of ", names.size(), names.size() == 1 ? " file" : " files"));
    table.add_holder("");
    for (const auto& [file, tensors] : names) {
      // A name alone: an index leads to nothing outside of its folder.
      if (std::filesystem::path(file).filename() != std::filesystem::path(file) || file == "." || file == "..")
        refuse_weights(source.path(), "", concat("names '", shortened(file), "', which is no file beside it"));
      const std::filesystem::path path = source.path().parent_path() / file;
      if (std::error_code none; !std::filesystem::is_regular_file(path, none))
        refuse_weights(source.path(), "", concat("names '", shortened(file), "', which is not there"),
                       "get all files of the model into one folder");
      const WeightsTable shard = read_weights_table(path);
      for (const std::string& tensor : tensors) {
        const StoredTensor* found = shard.find(tensor);
        if (!found) refuse_weights(source.path(), tensor, concat("is not in ", file));
        table.add(tensor, *found);
      }
    }
    return table;
  }

 private:
  static constexpr uint64_t most_index_bytes = 64 << 20;
};
DL_WEIGHTS_FORMAT(ShardedWeights);

}  // namespace
}  // namespace dl
