// Finding ${ and escaping it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/reference.h"

namespace dl {

size_t find_reference(std::string_view text, size_t from) {
  size_t at = text.find("${", from);
  while (at != std::string_view::npos && at > 0 && text[at - 1] == '$') at = text.find("${", at + 1);
  return at;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("${")) out += '$';
    out += text[at];
  }
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at)
    if (!text.substr(at).starts_with("$${")) out += text[at];
  return out;
}

}  // namespace dl
