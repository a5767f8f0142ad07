// Guessing an encoding from marks, zero bytes and the five bytes that Windows-1252 leaves out.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/text_encoding.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

// Empty where it seems to be no text at all: an image, an archive.
std::string encoding_of(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return "UTF-16";
  const std::string_view head = bytes.substr(0, 4096);
  size_t zeros[2] = {};
  for (size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0';
  if (zeros[1] * 4 > head.size()) return "UTF-16LE";
  if (zeros[0] * 4 > head.size()) return "UTF-16BE";
  const auto steers = [](unsigned char c) {
    return c < ' ' && std::string_view("\t\n\v\f\r\x1a\x1b").find(char(c)) == std::string_view::npos;
  };
  if (std::ranges::any_of(head, steers)) return "";
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

std::string conversion(std::string_view bytes, size_t at, const std::filesystem::path& path) {
  const std::string name = path.filename().string(), from = encoding_of(bytes);
  const bool has_zero = bytes[at] == '\0' && !from.starts_with("UTF-16");
  if (from.empty() && !has_zero) return "name a file of text";
  const bool is_gzip = name.ends_with(".gz");
  const std::string to =
      quoted(is_gzip ? path.stem().string() + ".utf8" : path.stem().string() + ".utf8" + path.extension().string());
  const std::string converts = has_zero ? "tr -d '\\000'" : concat("iconv -f ", from, " -t UTF-8");
  return concat("save as ", to, " what this prints: ",
                is_gzip ? concat("zcat ", quoted(name), " | ", converts)
                        : concat(converts, has_zero ? " < " : " ", quoted(name)));
}

// Files that are no text, by what they begin with.
struct OtherKind {
  std::string_view begin, what;
  std::string help;
};

OtherKind other_kind(std::string_view bytes, const std::filesystem::path& path) {
  const std::string name = quoted(path.filename().string());
  const std::string by_pandas = "save the table in pandas: table.to_csv(FILE, index=False)";
  const OtherKind kinds[] = {
      {"PAR1", "a Parquet file", "write 'format: parquet'"},
      {"ARROW1", "a Feather file", "write 'format: feather'"},
      {"SQLite format 3", "a data base of SQLite", "write 'format: sqlite'"},
      {"\x93NUMPY", "an array of numpy", "write 'format: npy'"},
      {"\x89HDF\r\n", "an HDF5 file", by_pandas},
      {"\x80\x03", "a pickle of Python", by_pandas},
      {"\x80\x04", "a pickle of Python", by_pandas},
      {"\x80\x05", "a pickle of Python", by_pandas},
      {"\xD0\xCF\x11\xE0", "a workbook of Excel", "save its sheet as CSV, in UTF-8"},
      {"PK\x03\x04", "a zip archive", "unzip it: unzip " + name},
      {"7z\xBC\xAF", "a 7-Zip archive", "unpack it: 7z x " + name},
      {"\x1F\x8B", "a gzip file", "decompress it: gunzip " + name},
      {"BZh", "a bzip2 file", "decompress it: bunzip2 " + name},
      {"\3757zXZ", "an xz file", "decompress it: unxz " + name},
      {"\x28\xB5\x2F\xFD", "a zstd file", "decompress it: unzstd " + name},
      {"%PDF", "a PDF", "save its text, or its table as CSV"},
  };
  const auto found = std::ranges::find_if(kinds, [&](const OtherKind& kind) { return bytes.starts_with(kind.begin); });
  if (found == std::end(kinds)) return {};
  const std::string ending = path.extension().string();
  if (found->begin.starts_with("PK") && (ending == ".xlsx" || ending == ".xlsm" || ending == ".ods"))
    return {found->begin, "a workbook of Excel", "save its sheet as CSV, in UTF-8"};
  return *found;
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
  if (OtherKind kind = other_kind(bytes, path); !kind.what.empty())
    return {.where = {.file = path.string()},
            .what = concat("expected text, found ", kind.what),
            .help = std::move(kind.help)};
  Problem problem = located(bytes, at, path);
  problem.what = bytes[at] == '\0' ? "expected text, found a zero byte" : "expected UTF-8, found other bytes";
  problem.help = conversion(bytes, at, path);
  return problem;
}

}  // namespace dl
