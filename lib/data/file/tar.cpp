// Headers of 512 bytes, as POSIX.1-2001's pax and GNU tar write them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/tar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "lib/base/division.h"
#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr int64_t tar_block_bytes = 512;
constexpr int64_t most_extension_bytes = 1 << 20;  // of a long name or of pax records

using TarBlock = std::array<char, tar_block_bytes>;

int64_t padded(int64_t bytes) { return round_up(bytes, tar_block_bytes); }

[[noreturn]] void fail(const InputFile& file, int64_t at, std::string what, std::string help = {}) {
  throw Error(Exit::data, Problem{.where = {.file = file.path().string()},
                                  .what = concat("byte ", at, ": ", what),
                                  .help = std::move(help)});
}

// A field of the header, without the zeros behind it.
std::string_view text_in(const TarBlock& block, size_t at, size_t bytes) {
  const std::string_view field(block.data() + at, bytes);
  return field.substr(0, field.find('\0'));
}

// Octal digits, or of GNU tar and others two's complement behind a first bit of 1; none where it is neither.
std::optional<int64_t> number_in(const TarBlock& block, size_t at, size_t bytes) {
  const auto first = static_cast<unsigned char>(block[at]);
  if (first & 0x80) {
    if (first != 0x80) return {};  // negative, or more than 63 bits
    uint64_t number = 0;
    for (size_t i = 1; i < bytes; ++i) {
      if (number >> 55) return {};
      number = number << 8 | static_cast<unsigned char>(block[at + i]);
    }
    return static_cast<int64_t>(number);
  }
  const std::string_view digits = trim(text_in(block, at, bytes));
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 8);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return {};
  return number;
}

bool sum_is_right(const TarBlock& block) {
  constexpr size_t at = 148, bytes = 8;
  int64_t sum = 0;
  for (size_t i = 0; i < block.size(); ++i)
    sum += i >= at && i < at + bytes ? ' ' : static_cast<unsigned char>(block[i]);
  return number_in(block, at, bytes) == sum;
}

// What headers before that of an entry say of it.
struct Said {
  std::optional<std::string> name;
  std::optional<int64_t> bytes;
};

// Records "LENGTH KEY=VALUE\n".
void read_pax(const InputFile& file, int64_t at, std::string_view records, Said& said) {
  while (!records.empty() && records[0] != '\0') {
    size_t length = 0;
    const auto [space, error] = std::from_chars(records.data(), records.data() + records.size(), length);
    const auto digits = static_cast<size_t>(space - records.data());
    if (error != std::errc() || length <= digits + 2 || length > records.size() || *space != ' ' ||
        records[length - 1] != '\n')
      fail(file, at, "expected records of pax, 'LENGTH KEY=VALUE', found others", "write the archive again");
    const std::string_view record = records.substr(digits + 1, length - digits - 2);
    const size_t equals = record.find('=');
    const std::string_view key = record.substr(0, equals),
                           value = equals == std::string_view::npos ? "" : record.substr(equals + 1);
    if (key == "path") said.name = std::string(value);
    if (key.starts_with("GNU.sparse")) fail(file, at, "a sparse file, which is not read", "write it whole");
    if (key == "size") {
      int64_t bytes = 0;
      if (const auto read = std::from_chars(value.data(), value.data() + value.size(), bytes);
          read.ec != std::errc() || read.ptr != value.data() + value.size() || bytes < 0)
        fail(file, at, concat("expected a size, found '", shortened(value), "'"), "write the archive again");
      said.bytes = bytes;
    }
    records.remove_prefix(length);
  }
}

// By the first bytes that gzip, zstd, xz and bzip2 write.
bool is_packed(const InputFile& file) {
  std::array<char, 4> first{};
  if (file.size_bytes() < first.size()) return false;
  file.read(0, first.data(), first.size());
  const std::string_view bytes(first.data(), first.size());
  return bytes.starts_with("\x1F\x8B") || bytes == "\x28\xB5\x2F\xFD" ||
         bytes ==
             "\xFD"
             "7zX" ||
         bytes.starts_with("BZh");
}

std::string name_in(const TarBlock& block) {
  const std::string_view name = text_in(block, 0, 100), prefix = text_in(block, 345, 155);
  const bool is_ustar = std::memcmp(block.data() + 257, "ustar\0", 6) == 0;  // GNU's has other fields there
  return is_ustar && !prefix.empty() ? concat(prefix, "/", name) : std::string(name);
}

void check_name(const InputFile& file, int64_t at, const std::string& name) {
  const std::filesystem::path path(name);
  const bool leads_out = path.is_absolute() || std::ranges::count(path, std::filesystem::path("..")) > 0;
  if (name.empty() || leads_out || name.find('\0') != std::string::npos)
    fail(file, at,
         name.empty() ? "an entry without a name" : concat("the name '", shortened(name), "' leads elsewhere"),
         "write the archive from the samples' folder");
}

}  // namespace

std::optional<TarEntry> TarFile::entry(int64_t at) const {
  Said said;
  if (at == 0 && is_packed(file_))
    fail(file_, 0, "expected a tar, found a compressed one",
         "decompress the archive: its samples are read where they lie");
  for (int64_t header = at;;) {
    if (header > size_bytes() - tar_block_bytes)
      fail(file_, header,
           concat("expected a header or the archive's end, blocks of zeros; the file ends after ", size_bytes(),
                  " bytes"),
           "get it again: it is cut short");
    TarBlock block;
    file_.read(static_cast<uint64_t>(header), block.data(), block.size());
    if (std::ranges::count(block, '\0') == tar_block_bytes) return {};
    if (!sum_is_right(block)) fail(file_, header, "expected a header of tar, its check sum is wrong", "get it again");
    const auto bytes = number_in(block, 124, 12);
    if (!bytes || *bytes < 0) fail(file_, header, "expected an entry's size, found none", "get it again");
    const char kind = block[156];
    const bool is_before = kind == 'x' || kind == 'g' || kind == 'L' || kind == 'K';
    const bool has_contents = !(kind >= '1' && kind <= '6');
    const int64_t size = has_contents ? (is_before ? *bytes : said.bytes.value_or(*bytes)) : 0;
    const int64_t begin = header + tar_block_bytes;
    if (size > size_bytes() - begin)
      fail(file_, header,
           concat("'", shortened(said.name.value_or(name_in(block))), "' is to have ", size, " bytes, the file ends ",
                  size_bytes() - begin, " behind its header"),
           "get it again: it is cut short");
    const int64_t next = begin + padded(size);
    if (kind == 'S') fail(file_, header, "a sparse file, which is not read", "write it whole");
    if (is_before) {
      if (size > most_extension_bytes)
        fail(file_, header, concat("a name or records of ", size, " bytes"), "get it again");
      std::string text(static_cast<size_t>(size), '\0');
      if (kind == 'x' || kind == 'L') file_.read(static_cast<uint64_t>(begin), text.data(), text.size());
      if (kind == 'x') read_pax(file_, header, text, said);
      if (kind == 'L') said.name = text.substr(0, text.find('\0'));
      header = next;
      continue;
    }
    const std::string name = said.name.value_or(name_in(block));
    if (kind == '\0' || kind == '0' || kind == '7') {
      check_name(file_, header, name);
      if (!name.ends_with('/'))  // a folder of v7
        return TarEntry{.name = name, .at = at, .begin = begin, .bytes = size, .next = next};
    }
    at = header = next;
    said = {};
  }
}

std::string TarFile::contents(const TarEntry& entry, int64_t most) const {
  if (entry.bytes > most)
    fail(file_, entry.at, concat("'", shortened(entry.name), "' has ", entry.bytes, " bytes, the limit is ", most));
  std::string bytes(static_cast<size_t>(entry.bytes), '\0');
  file_.read(static_cast<uint64_t>(entry.begin), bytes.data(), bytes.size());
  return bytes;
}

}  // namespace dl
