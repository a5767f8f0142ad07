// Words of names.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_names.h"

#include <cctype>
#include <nlohmann/json.hpp>

#include "lib/base/error.h"

namespace dl::keras {

std::string snake_case(const std::string& name) {
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    // A word begins before an upper case letter that a lower case one follows, or behind a lower case one.
    const bool begins =
        i > 0 && is_upper(name[i]) && ((i + 1 < name.size() && is_lower(name[i + 1])) || is_lower(name[i - 1]));
    if (begins) out += '_';
    out += static_cast<char>(is_upper(name[i]) ? name[i] - 'A' + 'a' : name[i]);
  }
  return out;
}

std::string snake_case_name_of(const nlohmann::json& named) {
  const std::string name = named.is_string()   ? named.get<std::string>()
                           : named.is_object() ? named.value("class_name", "")
                                               : "";
  return snake_case(name);
}

std::string item_name(const std::string& scope, const std::string& layer, int64_t call) {
  std::string name = scope;
  for (const char c : layer) {
    const bool kept =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    name += kept ? c : '_';
  }
  if (name == "x" || name == "y") name += "_layer";
  if (name.empty() || !std::isalpha(static_cast<unsigned char>(name[0]))) name = "layer_" + name;
  if (call > 0) name += concat("_call", call);
  return name;
}

}  // namespace dl::keras
