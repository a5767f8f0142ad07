// Folder operations that report and endure.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "lib/base/descriptor.h"
#include "lib/base/io_error.h"

namespace dl {

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    names.push_back(entry->path().filename().string());
  if (error) throw io_error(folder, "reading the folder", error.value());
  std::sort(names.begin(), names.end());
  return names;
}

std::string name_of_folder(const std::filesystem::path& folder) {
  const auto last = [](const std::filesystem::path& path) {
    const std::string name = (path.has_filename() ? path : path.parent_path()).filename().string();
    return name == "." || name == ".." ? std::string() : name;
  };
  std::error_code error;
  if (const std::string name = last(folder); !name.empty()) return name;
  return last(std::filesystem::canonical(folder.empty() ? "." : folder, error));
}

bool leads_out_of(const std::filesystem::path& folder, const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(std::filesystem::symlink_status(path, error))) return false;
  const std::filesystem::path target = std::filesystem::canonical(path, error);
  if (error) return true;
  const std::filesystem::path inside = target.lexically_relative(std::filesystem::canonical(folder, error));
  return error || inside.empty() || *inside.begin() == "..";
}

void make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> parents;  // of those that are made
  for (std::filesystem::path made = folder; !made.empty() && !std::filesystem::exists(made, error);
       made = made.parent_path())
    parents.push_back(made.parent_path());
  std::filesystem::create_directories(folder, error);
  if (!error && !std::filesystem::is_directory(folder, error) && !error)
    error = std::make_error_code(std::errc::not_a_directory);
  if (error) throw io_error(folder, "making the folder", error.value());
  for (const std::filesystem::path& parent : parents) fsync_folder(parent);
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
