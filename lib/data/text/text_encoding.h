// Text that is not UTF-8: what it seems to be, and how to convert it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace dl {

// The first byte that is no UTF-8 text: of no character, or zero; npos where there is none.
size_t not_text_at(std::string_view bytes);

// The place of byte `at` of a file's text.
Problem located(std::string_view text, size_t at, const std::filesystem::path& path);

// That the byte `at` is none of UTF-8 text. Of archives, tables of other formats and the like, by what they begin with,
// the help is what to do with them; else it is the command that converts the text, by what the bytes look like: UTF-16
// by the mark that it begins with or by its zero bytes, else Windows-1252 or Latin 1; what has other control characters
// is no text.
Problem not_text(std::string_view bytes, size_t at, const std::filesystem::path& path);

}  // namespace dl
