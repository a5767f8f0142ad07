// Collecting the functions that code needs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/dialect.h"

#include <cctype>
#include <set>

namespace dl::code {
namespace {

bool calls(std::string_view text, std::string_view name) {
  const std::string call = std::string(name) + "(";
  for (size_t at = text.find(call); at != std::string_view::npos; at = text.find(call, at + 1)) {
    const char before = at == 0 ? ' ' : text[at - 1];
    if (std::isalnum(static_cast<unsigned char>(before)) == 0 && before != '_' && before != '.') return true;
  }
  return false;
}

// Those that the text calls and that were not written yet, each behind what it calls itself.
void write_called(const Dialect& dialect, std::string_view text, std::set<std::string_view>& written,
                  std::string& out) {
  for (const auto& [name, definition] : dialect.functions) {
    if (!calls(text, name) || !written.insert(name).second) continue;
    write_called(dialect, definition, written, out);
    out += "\n" + std::string(definition) + "\n";
  }
}

}  // namespace

std::string functions_called(const Dialect& dialect, const std::string& text) {
  std::set<std::string_view> written;
  std::string out;
  write_called(dialect, text, written, out);
  return out;
}

}  // namespace dl::code
