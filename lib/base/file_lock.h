// A lock file that one process at a time can hold; the system releases it however the process ends.
#pragma once
#include <filesystem>

#include "lib/base/descriptor.h"

namespace dl {

// Held from construction to destruction. The file holds "process PID on HOST" and stays behind, unlocked; children do
// not inherit the lock through exec. Held elsewhere: Error(Exit::io) that names the holder.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  Descriptor file_;
};

}  // namespace dl
