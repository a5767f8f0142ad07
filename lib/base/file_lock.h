// A lock file that one process at a time can hold; the system releases it however the process ends.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

#include "lib/base/descriptor.h"

namespace dl {

// Held from construction to destruction. The file holds "process PID on HOST" and stays behind, unlocked; children do
// not inherit the lock through exec. Held elsewhere: Error(Exit::held) that names the holder.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  // Whether the path still leads to the file that is locked: not once it or a folder above was moved or removed.
  bool still_there() const;

 private:
  std::filesystem::path path_;
  Descriptor file_;
};

// Whether a process holds the lock now; a file that is not there, or cannot be opened, is held by none.
bool is_held(const std::filesystem::path& path);

}  // namespace dl
