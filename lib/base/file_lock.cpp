// flock(2) on a file that says who holds it.
#include "lib/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

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

std::string this_process() {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  return concat("process ", ::getpid(), " on ", host, "\n");
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& path) : file_(open_regular(path, O_RDWR | O_CREAT)) {
  int result;
  do result = ::flock(file_.number(), LOCK_EX | LOCK_NB);
  while (result != 0 && errno == EINTR);
  if (result != 0 && errno == EWOULDBLOCK)
    throw Error(Exit::io, Problem{.where = {.file = path.string()},
                                  .what = "held by " + holder(file_),
                                  .help = "wait until it ends, or stop it"});
  if (result != 0) throw io_error(path, "flock", errno);
  if (::ftruncate(file_.number(), 0) != 0) throw io_error(path, "truncation to 0 bytes", errno);
  const std::string text = this_process();
  write_all(file_, path, text.data(), text.size());
}

FileLock::~FileLock() {
  [[maybe_unused]] const int ignored = ::ftruncate(file_.number(), 0);  // or the next refusal may name us
}

}  // namespace dl
