// Keras's layers: https://keras.io/api/layers. What each becomes here, and where its variables lie.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/base/text.h"
#include "lib/interop/family.h"

namespace dl::keras {

using Json = nlohmann::json;

// A number of a file as a whole one; what is larger than any size is the largest that a double tells apart.
inline int64_t whole_of(const Json& number) {
  constexpr int64_t most = int64_t{1} << 53;
  if (number.is_number_unsigned()) return static_cast<int64_t>(std::min<uint64_t>(number.get<uint64_t>(), most));
  if (number.is_number_integer()) return std::clamp(number.get<int64_t>(), -most, most);
  return static_cast<int64_t>(std::clamp(number.get<double>(), -0x1p53, 0x1p53));
}

// What of a layer's config is read, with what stands there otherwise.
class Settings {
 public:
  // Of a registered object its class, of a registered function its name.
  static std::string name_of_object(const Json& object) {
    const std::string kind = object.value("class_name", "function of one's own");
    const Json named = object.value("config", Json());
    return kind == "function" && named.is_string() ? named.get<std::string>() : kind;
  }

  Settings(const Json& config, std::string layer, std::vector<std::string>& problems)
      : config_(config), layer_(std::move(layer)), problems_(problems) {}

  bool flag(const char* key, bool otherwise) const {
    const Json* value = find(key);
    return value && value->is_boolean() ? value->get<bool>() : otherwise;
  }
  double number(const char* key, double otherwise) const {
    const Json* value = find(key);
    return value && value->is_number() ? as_written(value->get<double>()) : otherwise;
  }
  std::string decimal(const char* key, double otherwise) const { return number_text(number(key, otherwise)); }
  int64_t whole(const char* key, int64_t otherwise) const {
    const Json* value = find(key);
    return value && value->is_number() ? whole_of(*value) : otherwise;
  }
  std::string text(const char* key, const std::string& otherwise = "") const {
    const Json* value = find(key);
    if (value && value->is_string()) return value->get<std::string>();
    if (value && value->is_object()) return name_of_object(*value);
    return otherwise;
  }
  // Of a setting of each axis, or one of all.
  int64_t whole_at(const char* key, size_t axis, int64_t otherwise) const {
    const Json* value = find(key);
    if (!value || !value->is_array()) return whole(key, otherwise);
    return axis < value->size() && (*value)[axis].is_number() ? whole_of((*value)[axis]) : otherwise;
  }
  // "[3, 3]", as YAML; of a single number that.
  std::string sizes(const char* key, const std::string& otherwise = "1") const {
    const Json* value = find(key);
    if (!value) return otherwise;
    if (value->is_array() && value->size() == 1) return (*value)[0].dump();
    return value->dump();
  }
  const Json* find(const char* key) const {
    const auto found = config_.find(key);
    return found == config_.end() || found->is_null() ? nullptr : &*found;
  }
  void refuse(const std::string& what) const { problems_.push_back(concat(layer_, ": ", what)); }
  // That a setting is as it is by default.
  void need(const char* key, const std::vector<std::string>& values) const {
    const std::string found = text(key, values[0]);
    if (std::ranges::count(values, found) == 0) refuse(concat("'", key, ": ", found, "' has no counterpart"));
  }

 private:
  const Json& config_;
  const std::string layer_;
  std::vector<std::string>& problems_;
};

// Where the values of a layer's parameter lie: the number of its variable below the layer's path, or a path there.
struct Variable {
  std::string ours, theirs;
  FamilyTensor as;
};

// What a layer becomes: YAML of one of ours, perhaps several in a row, and its variables.
struct Made {
  std::vector<std::string> layers;  // the first has the parameters
  std::vector<Variable> variables;
  bool is_merge = false;  // takes several inputs
  bool is_fixed = false;  // its variables are not trained
};

using MakeLayer = Made (*)(const Settings&);
using LayerTable = std::map<std::string, MakeLayer>;  // by the names of their classes
const LayerTable& layers();

}  // namespace dl::keras
