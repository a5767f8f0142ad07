// Folder operations that report and endure.
#include "lib/base/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "lib/base/descriptor.h"
#include "lib/base/io_error.h"

namespace dl {

void make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && !std::filesystem::is_directory(folder, error) && !error)
    error = std::make_error_code(std::errc::not_a_directory);
  if (error) throw io_error(folder, "making the folder", error.value());
}

bool make_new_folder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0777) == 0) return true;
  if (errno == EEXIST) return false;
  throw io_error(folder, "making the folder", errno);
}

void fsync_folder(const std::filesystem::path& folder) {
  const std::filesystem::path name = folder.empty() ? "." : folder;
  const Descriptor opened(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() < 0) throw io_error(name, "open of the folder", errno);
  int result;
  do result = ::fsync(opened.number());
  while (result != 0 && errno == EINTR);
  // EINVAL: a file system that keeps no such promise for folders, where there is nothing to wait for.
  if (result != 0 && errno != EINVAL) throw io_error(name, "fsync of the folder", errno);
}

void rename_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
  int result = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  if (result != 0 && (errno == EINVAL || errno == ENOSYS)) {  // a file system without RENAME_NOREPLACE
    if (std::filesystem::exists(std::filesystem::symlink_status(to)))
      throw io_error(to, concat("rename from ", from), EEXIST);
    result = std::rename(from.c_str(), to.c_str());
  }
  if (result != 0) throw io_error(to, concat("rename from ", from), errno);
  fsync_folder(to.parent_path());
  if (from.parent_path() != to.parent_path()) fsync_folder(from.parent_path());
}

void remove_tree(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw io_error(path, "removal", error.value());
}

}  // namespace dl
