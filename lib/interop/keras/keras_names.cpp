// Words of names.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_names.h"

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

}  // namespace dl::keras
