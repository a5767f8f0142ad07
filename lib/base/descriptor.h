// An open file of the system that closes itself, and the calls on it that finish what they begin.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <utility>

namespace dl {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  int number() const { return number_; }
  // Gives the number up; the caller closes it.
  int release() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

// A pipe, a device, a socket or a folder of this name is an Error(Exit::io); a regular file or nothing is fine.
void expect_regular_if_there(const std::filesystem::path& path);

// Opens a regular file with these flags of open(2), close-on-exec added; what expect_regular_if_there refuses is
// refused. A file made by O_CREAT gets the permissions that umask leaves.
Descriptor open_regular(const std::filesystem::path& path, int flags);
// The same for a temporary name: a failure names the file that it stands for.
Descriptor open_regular(const std::filesystem::path& path, int flags, const std::filesystem::path& named);

// Writes all bytes or throws io_error.
void write_all(const Descriptor& file, const std::filesystem::path& path, const void* data, size_t bytes);

// The file's bytes are on the disk when this returns. A failure is final: the pages may be gone, so it is not tried
// again.
void fsync_or_throw(const Descriptor& file, const std::filesystem::path& path);

// The length of an open file.
uint64_t length_bytes(const Descriptor& file, const std::filesystem::path& path);

}  // namespace dl
