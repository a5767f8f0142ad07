// Calls that retry when a signal interrupts them and name what failed.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/io_error.h"

namespace dl {
namespace {

const char* kind(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

void expect_regular(const std::filesystem::path& path, mode_t mode) {
  if (S_ISREG(mode)) return;
  throw Error(Exit::io, Problem{.where = {.file = path.string()},
                                .what = concat("expected a regular file, found ", kind(mode)),
                                .help = "name a regular file"});
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

void expect_regular_if_there(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) expect_regular(path, status.st_mode);
}

Descriptor open_regular(const std::filesystem::path& path, int flags) { return open_regular(path, flags, path); }

Descriptor open_regular(const std::filesystem::path& path, int flags, const std::filesystem::path& named) {
  // Before open, which may wait for a pipe's other end or wake a device; after it, because the name may have changed.
  expect_regular_if_there(path);
  int number;
  do number = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
  while (number < 0 && errno == EINTR);
  if (number < 0)
    throw io_error(named, (flags & O_ACCMODE) == O_RDONLY ? "open for reading" : "open for writing", errno);
  Descriptor file(number);
  struct stat status {};
  if (::fstat(number, &status) != 0) throw io_error(named, "fstat", errno);
  expect_regular(path, status.st_mode);
  return file;
}

void write_all(const Descriptor& file, const std::filesystem::path& path, const void* data, size_t bytes) {
  const char* from = static_cast<const char*>(data);
  for (size_t left = bytes; left > 0;) {
    const ssize_t written = ::write(file.number(), from, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw io_error(path, concat("write of ", bytes, " bytes"), errno);
    from += written;
    left -= size_t(written);
  }
}

void fsync_or_throw(const Descriptor& file, const std::filesystem::path& path) {
  int result;
  do result = ::fsync(file.number());
  while (result != 0 && errno == EINTR);
  if (result != 0) throw io_error(path, "fsync", errno);
}

uint64_t length_bytes(const Descriptor& file, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw io_error(path, "fstat", errno);
  return uint64_t(status.st_size);
}

}  // namespace dl
