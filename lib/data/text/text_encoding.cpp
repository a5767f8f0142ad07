// Guessing an encoding from marks, zero bytes and the five bytes that Windows-1252 leaves out.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/text_encoding.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

std::string encoding_of(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return "UTF-16";
  const std::string_view head = bytes.substr(0, 4096);
  size_t zeros[2] = {};
  for (size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0';
  if (zeros[1] * 4 > head.size()) return "UTF-16LE";
  if (zeros[0] * 4 > head.size()) return "UTF-16BE";
  const bool windows = bytes.find_first_of("\x81\x8D\x8F\x90\x9D") == std::string_view::npos;
  return windows ? "WINDOWS-1252" : "LATIN1";
}

// As a shell takes it for one word.
std::string quoted(const std::string& word) {
  const bool plain = std::ranges::all_of(word, [](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 || std::string_view("._-/+=:@%,").find(char(c)) != std::string_view::npos;
  });
  if (plain && !word.starts_with('-')) return word;
  std::string out = word.starts_with('-') ? "./'" : "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string conversion(std::string_view bytes, const std::filesystem::path& path) {
  const std::string name = path.filename().string(), from = encoding_of(bytes);
  if (name.ends_with(".gz"))
    return concat("save as ", quoted(path.stem().string() + ".utf8"), " what this prints: zcat ", quoted(name),
                  " | iconv -f ", from, " -t UTF-8");
  return concat("save as ", quoted(path.stem().string() + ".utf8" + path.extension().string()),
                " what this prints: iconv -f ", from, " -t UTF-8 ", quoted(name));
}

}  // namespace

size_t not_text_at(std::string_view bytes) { return std::min(invalid_utf8_at(bytes), bytes.find('\0')); }

Problem located(std::string_view text, size_t at, const std::filesystem::path& path) {
  const std::string_view before = text.substr(0, at);
  const size_t line_begin = before.rfind('\n') + 1;  // 0 where there is none
  return {.where = {.file = path.string(),
                    .line = static_cast<int>(std::ranges::count(before, '\n')) + 1,
                    .column = static_cast<int>(at - line_begin) + 1}};
}

Problem not_text(std::string_view bytes, size_t at, const std::filesystem::path& path) {
  Problem problem = located(bytes, at, path);
  problem.what = bytes[at] == '\0' ? "expected text, found a zero byte" : "expected UTF-8, found other bytes";
  problem.help = conversion(bytes, path);
  return problem;
}

}  // namespace dl
