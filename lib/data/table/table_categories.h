// The categories of a column, and which of them a cell is.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/data/table/cell_number.h"

namespace dl {

// By their text, and by their value where they are numbers: 1.0 is 1. `names` must outlive it.
class Categories {
 public:
  explicit Categories(const std::vector<std::string>& names) : names_(names) {
    for (size_t i = 0; i < names.size(); ++i) {
      const auto code = static_cast<int32_t>(i);
      codes_.emplace(names[i], code);
      if (const auto number = exact_number(names[i])) numbers_.emplace(*number, code);
    }
  }
  // -1 for one that is none of them.
  int32_t code(std::string_view text) const {
    if (const auto found = codes_.find(text); found != codes_.end()) return found->second;
    const auto number = numbers_.empty() ? std::nullopt : exact_number(text);
    const auto found = number ? numbers_.find(*number) : numbers_.end();
    return found == numbers_.end() ? -1 : found->second;
  }
  // The one that differs from `text` by case, blanks or marks at its end only; null where there is none.
  const std::string* alike(std::string_view text) const {
    const std::string wanted = plain(text);
    const auto found = std::ranges::find_if(names_, [&](const std::string& name) { return plain(name) == wanted; });
    return found == names_.end() ? nullptr : &*found;
  }

 private:
  // None of those that a double does not tell from their neighbours, as identifiers of 19 digits.
  static std::optional<double> exact_number(std::string_view text) {
    const auto number = cell_number(text);
    return number && std::abs(*number) < 0x1p53 ? number : std::nullopt;
  }
  static std::string plain(std::string_view text) {
    std::string out;
    const auto typed = typewritten(text);
    for (const char c : typed ? std::string_view(*typed) : text)
      if (c != ' ' && c != '.' && c != '_' && c != '-')
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
  }
  const std::vector<std::string>& names_;
  std::unordered_map<std::string_view, int32_t> codes_;
  std::unordered_map<double, int32_t> numbers_;
};

}  // namespace dl
