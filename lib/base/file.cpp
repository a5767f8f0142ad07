// Reading within bounds and writing through a temporary name.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "lib/base/folder.h"
#include "lib/base/io_error.h"

namespace dl {
namespace {

// A name beside `path` that no other writer uses; one that a killed process left behind is passed over.
std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  static std::atomic<uint64_t> count = 0;
  std::filesystem::path name;
  do name = path.parent_path() / concat(".dlcli-", ::getpid(), "-", count++, ".tmp");
  while (std::filesystem::exists(std::filesystem::symlink_status(name)));
  return name;
}

}  // namespace

InputFile::InputFile(std::filesystem::path path)
    : path_(std::move(path)), file_(open_regular(path_, O_RDONLY)), size_bytes_(length_bytes(file_, path_)) {}

void InputFile::read(uint64_t offset, void* into, size_t bytes) const {
  char* to = static_cast<char*>(into);
  for (size_t done = 0; done < bytes;) {
    const ssize_t got = ::pread(file_.number(), to + done, bytes - done, off_t(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw io_error(path_, concat("read of ", bytes, " bytes at ", offset), errno);
    if (got == 0)
      throw Error(Exit::data, Problem{.where = {.file = path_.string()},
                                      .what = concat("expected ", bytes, " bytes from byte ", offset,
                                                     " on, the file ends after ", done, " of them"),
                                      .help = "get the file again: it is cut short"});
    done += size_t(got);
  }
}

std::string read_file(const std::filesystem::path& path, uint64_t max_bytes) {
  const InputFile file(path);
  if (file.size_bytes() > max_bytes)
    throw Error(Exit::data,
                Problem{.where = {.file = path.string()},
                        .what = concat("expected at most ", max_bytes, " bytes, found ", file.size_bytes())});
  std::string bytes(file.size_bytes(), '\0');
  file.read(0, bytes.data(), bytes.size());
  return bytes;
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)), temporary_(temporary_beside(path_)) {
  expect_regular_if_there(path_);
  file_ = open_regular(temporary_, O_WRONLY | O_CREAT | O_EXCL, path_);
}

AtomicFile::~AtomicFile() {
  if (file_.number() >= 0) ::unlink(temporary_.c_str());
}

void AtomicFile::append(const void* data, size_t bytes) {
  DL_CHECK(file_.number() >= 0, "append after commit of ", path_);
  write_all(file_, path_, data, bytes);
}

void AtomicFile::commit() {
  DL_CHECK(file_.number() >= 0, "second commit of ", path_);
  fsync_or_throw(file_, path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    throw io_error(path_, concat("rename from ", temporary_), errno);
  if (::close(file_.release()) != 0) throw io_error(path_, "close", errno);
  fsync_folder(path_.parent_path());
}

bool is_temporary(const std::string& name) { return name.starts_with(".dlcli-") && name.ends_with(".tmp"); }

void write_file_atomic(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.append(bytes);
  file.commit();
}

}  // namespace dl
