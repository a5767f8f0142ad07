// flock(2) on a file that says who holds it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "lib/base/host.h"
#include "lib/base/io_error.h"

namespace dl {
namespace {

// The first line of the lock file; the holder may not have written it yet.
std::string holder(const Descriptor& file) {
  char text[256];
  const ssize_t got = ::pread(file.number(), text, sizeof text, 0);
  const std::string line(text, got > 0 ? size_t(got) : 0);
  return line.empty() ? "another process" : line.substr(0, line.find('\n'));
}

std::string this_process() { return concat("process ", ::getpid(), " on ", host_name(), "\n"); }

// False where another holds it.
bool lock(const Descriptor& file, const std::filesystem::path& path, int kind) {
  int result;
  do result = ::flock(file.number(), kind | LOCK_NB);
  while (result != 0 && errno == EINTR);
  if (result != 0 && errno != EWOULDBLOCK) throw io_error(path, "flock", errno);
  return result == 0;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& path)
    : path_(std::filesystem::absolute(path)), file_(open_regular(path, O_RDWR | O_CREAT | O_NOFOLLOW)) {
  // Again for a moment: is_held() of another process may hold it while it looks.
  for (int tries = 0; !lock(file_, path, LOCK_EX); ++tries) {
    if (tries == 10)
      throw Error(Exit::held, Problem{.where = {.file = path.string()},
                                      .what = "held by " + holder(file_),
                                      .help = "wait until it ends, or stop it"});
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (::ftruncate(file_.number(), 0) != 0) throw io_error(path, "truncation to 0 bytes", errno);
  const std::string text = this_process();
  write_all(file_, path, text.data(), text.size());
}

FileLock::~FileLock() {
  [[maybe_unused]] const int ignored = ::ftruncate(file_.number(), 0);  // or the next refusal may name us
}

bool FileLock::still_there() const {
  struct stat named {
  }, locked{};
  return ::stat(path_.c_str(), &named) == 0 && ::fstat(file_.number(), &locked) == 0 && named.st_dev == locked.st_dev &&
         named.st_ino == locked.st_ino;
}

bool is_held(const std::filesystem::path& path) {
  try {
    const Descriptor file = open_regular(path, O_RDONLY | O_NOFOLLOW);
    return !lock(file, path, LOCK_SH);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace dl
