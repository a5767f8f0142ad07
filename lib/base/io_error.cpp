// What a failed file operation says.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/io_error.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <system_error>

namespace dl {
namespace {

std::string help_for(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT: return "free some space there, or write to another file system";
    case EFBIG: return "raise the limit on the size of a file (ulimit -f)";
    case EMFILE: return "raise the limit on open files (ulimit -n)";
    case EACCES:
    case EPERM: return "choose a place that this user may use, or change its permissions";
    case EROFS: return "choose a place on a file system that can be written";
    case EIO: return "look at the system's log (dmesg): the disk or its connection has failed";
    default: return "";
  }
}

// The file system that `path`, or the nearest folder above it that exists, lies on.
std::string free_space(std::filesystem::path path) {
  struct statvfs there {};
  while (statvfs(path.empty() ? "." : path.c_str(), &there) != 0) {
    if (path.empty() || path == path.parent_path()) return "unknown";
    path = path.parent_path();
  }
  return concat(uint64_t(there.f_bavail) * there.f_frsize, " bytes, ", there.f_favail, " inodes");
}

// What to do about a name whose folders are not there, or not all folders.
std::string help_for_folders(const std::filesystem::path& path, int error_number) {
  std::error_code error;
  const std::filesystem::path folder = path.parent_path();
  if (error_number == ENOENT)
    return folder.empty() || std::filesystem::exists(folder, error)
               ? ""
               : "make the folder '" + folder.string() + "', or name another place";
  if (error_number != ENOTDIR) return "";
  for (std::filesystem::path at = path; !at.empty() && at != at.parent_path(); at = at.parent_path())
    if (const auto status = std::filesystem::status(at, error); std::filesystem::exists(status))
      return std::filesystem::is_directory(status) ? "" : "'" + at.string() + "' is no folder; name another place";
  return "";
}

}  // namespace

Error io_error(const std::filesystem::path& path, std::string_view attempt, int error_number) {
  Problem problem{.where = {.file = path.string()},
                  .what = concat(attempt, " failed: ", std::generic_category().message(error_number)),
                  .help = help_for(error_number)};
  if (problem.help.empty()) problem.help = help_for_folders(path, error_number);
  if (error_number == ENOSPC || error_number == EDQUOT) problem.notes.push_back("free there: " + free_space(path));
  return Error(Exit::io, std::move(problem));
}

}  // namespace dl
