// Tar archives made on the spot, in the forms that programs write.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

namespace dl::testing {

// Writes the check sum of the header at `at`, where there is a whole one.
inline void mend_sum(std::string& tar, size_t at) {
  if (at + 512 > tar.size()) return;
  std::memset(&tar[at + 148], ' ', 8);
  unsigned sum = 0;
  for (size_t i = at; i < at + 512; ++i) sum += static_cast<unsigned char>(tar[i]);
  std::snprintf(&tar[at + 148], 8, "%06o", sum);
}

inline std::string padded_to_blocks(std::string bytes) {
  bytes.resize((bytes.size() + 511) / 512 * 512, '\0');
  return bytes;
}

// A header as v7 has it and what follows it; `size` is written as it is, of 12 bytes at most.
inline std::string tar_entry(const std::string& name, const std::string& contents, char kind = '0',
                             const std::string& size = {}) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  std::snprintf(&header[100], 8, "0000644");
  if (size.empty())
    std::snprintf(&header[124], 12, "%011o", static_cast<unsigned>(contents.size()));
  else
    header.replace(124, size.size(), size);
  header[156] = kind;
  mend_sum(header, 0);
  return header + padded_to_blocks(contents);
}

// Of a name up to 255 bytes, cut at its last slash.
inline std::string tar_ustar_entry(const std::string& name, const std::string& contents) {
  const size_t slash = name.rfind('/');
  std::string entry = tar_entry(name.substr(slash + 1), contents);
  std::memcpy(&entry[257],
              "ustar\0"
              "00",
              8);
  entry.replace(345, slash, name.substr(0, slash));
  mend_sum(entry, 0);
  return entry;
}

inline std::string tar_gnu_entry(const std::string& name, const std::string& contents) {
  std::string size(12, '\0');  // a large size's form
  size[0] = '\x80';
  size[11] = static_cast<char>(contents.size());
  return tar_entry("././@LongLink", name + '\0', 'L') + tar_entry(name.substr(0, 99), contents, '0', size);
}

inline std::string tar_pax_entry(const std::string& name, const std::string& contents) {
  const std::string rest = " path=" + name + "\n";
  size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return tar_entry("PaxHeaders/a", std::to_string(length) + rest, 'x') + tar_entry(name.substr(0, 99), contents);
}

inline std::string tar_end() { return std::string(1024, '\0'); }

}  // namespace dl::testing
