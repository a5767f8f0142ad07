// Formats of weights that are read. One file each, which registers itself; a file's format is told by what is in it,
// never by its name.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/data/file/zip.h"
#include "lib/interop/weights/weights_table.h"

namespace dl {

// What a format is told by.
struct WeightsSource {
  StoredBytes::File file;
  std::string start;  // its first bytes, at most 4096
  bool is_zip = false;
  std::vector<ZipMember> members;  // of a zip archive

  const std::filesystem::path& path() const { return file->path(); }
  const ZipMember* member(std::string_view name) const;  // null where there is none
};

class WeightsFormat {
 public:
  virtual ~WeightsFormat() = default;
  virtual std::string name() const = 0;  // empty for one that is known only to be refused in its own words
  virtual bool recognises(const WeightsSource& source) const = 0;
  // What is broken, or would run code, is an Error(Exit::data) that names the file.
  virtual WeightsTable read(const WeightsSource& source) const = 0;
};

// Adds a format; it lives as long as the program.
bool add_weights_format(const WeightsFormat& format);
std::vector<std::string> weights_format_names();  // sorted

// The tensors of a file of any of the formats; of a folder, those of the file in it that holds weights. A file of none
// of them is an Error(Exit::data) that names those there are.
WeightsTable read_weights_table(const std::filesystem::path& path);

}  // namespace dl

#define DL_WEIGHTS_FORMAT(Type) \
  static const Type the_##Type; \
  [[maybe_unused]] static const bool Type##_added = ::dl::add_weights_format(the_##Type)
