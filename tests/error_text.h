// What an action that fails says, as text to compare.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/base/error.h"

namespace dl::testing {

using Replacements = std::vector<std::pair<std::string, std::string>>;

// The text with each first replaced by its second.
inline std::string replaced(std::string text, const Replacements& all) {
  for (const auto& [from, to] : all)
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  return text;
}

// The text of the E that `action` throws, with its help where that is no part of it; where it throws none, the text
// that it returns, or "".
template <class E = Error, class Action>
std::string error_text(Action&& action, const Replacements& all = {}, Exit* exit = nullptr) {
  try {
    if constexpr (std::is_convertible_v<decltype(action()), std::string>)
      return action();
    else
      action();
  } catch (const E& error) {
    if constexpr (requires { error.exit(); }) {
      if (exit) *exit = error.exit();
    }
    std::string text = error.what();
    if constexpr (requires { error.help; }) text += (error.help.empty() ? "" : "; ") + error.help;
    return replaced(std::move(text), all);
  }
  return "";
}

// Problems that were collected, a line's end between them.
inline std::string rendered(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) out += (out.empty() ? "" : "\n") + render(problem);
  return out;
}

}  // namespace dl::testing
