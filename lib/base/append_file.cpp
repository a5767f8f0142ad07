// Appending all or nothing.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/append_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/io_error.h"

namespace dl {

AppendFile::AppendFile(std::filesystem::path path)
    : path_(std::move(path)),
      file_(open_regular(path_, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW)),
      size_bytes_(length_bytes(file_, path_)) {}

void AppendFile::append(std::string_view text) {
  try {
    write_all(file_, path_, text.data(), text.size());
  } catch (const Error&) {
    // The failure that is already on its way says what happened; a torn line is dropped by the reader at worst.
    [[maybe_unused]] const int ignored = ::ftruncate(file_.number(), off_t(size_bytes_));
    throw;
  }
  size_bytes_ += text.size();
}

void AppendFile::truncate(uint64_t size_bytes) {
  if (size_bytes > size_bytes_)
    throw Error(Exit::data, Problem{.where = {.file = path_.string()},
                                    .what = concat("expected at least ", size_bytes, " bytes, found ", size_bytes_),
                                    .help = "put back the file that was written together with the checkpoint"});
  if (::ftruncate(file_.number(), off_t(size_bytes)) != 0)
    throw io_error(path_, concat("truncation to ", size_bytes, " bytes"), errno);
  size_bytes_ = size_bytes;
}

void AppendFile::sync() { fsync_or_throw(file_, path_); }

}  // namespace dl
