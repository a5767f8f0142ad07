// Arrays as numpy saves them: .npy files, and members of .npz archives.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/data/file/zip.h"
#include "lib/graph/type.h"

namespace dl {

// What a .npy file says before its values.
struct NpyHeader {
  std::string type;      // numpy's, without the order of bytes: "f4", "b1", "U3"
  std::string descr;     // as it stands there: "<f4"
  bool swapped = false;  // big-endian
  bool fortran = false;  // the first index runs fastest
  std::vector<int64_t> sizes;
  uint64_t values = 0;  // where they begin
};
// Reads the header of a .npy of `bytes` bytes. What is none goes to `fail(what, help)`, which throws.
NpyHeader read_npy_header(uint64_t bytes, const std::function<void(uint64_t at, void* into, size_t bytes)>& read,
                          const std::function<void(std::string what, std::string help)>& fail);

// Whether a file begins as .npy files do.
bool is_npy(const std::filesystem::path& path);

// An array [n, …] on the disk. Its header is read when it is opened, rows from the file where they stand; only a
// deflated member, and one in Fortran's order when its first row is read, are brought into memory whole.
class NpyArray {
 public:
  // Of a .npy file; or, with `member`, of the archive's member of that name (".npy" may be left out): f2, f4, f8, i1,
  // i2, i4, i8, u1, u2, u4, u8 and b1 of either byte order. Everything else, headers that are broken and sizes that the
  // file does not hold are an Error(Exit::data) that names the file.
  NpyArray(const std::filesystem::path& path, const std::string& member);

  const std::filesystem::path& path() const { return file_.path(); }
  const Shape& shape() const { return shape_; }
  const std::string& dtype() const { return dtype_; }  // "f4"
  bool is_float() const { return dtype_[0] == 'f'; }
  int64_t row_elements() const { return row_elements_; }
  int64_t row_bytes() const { return row_elements_ * value_bytes_; }
  // Where the values stand in a .npy file, one after another as this processor has them; 0 where they do not.
  uint64_t values_at() const { return swapped_ || fortran_ ? 0 : values_; }
  uint64_t fingerprint() const;  // of the whole file's contents and the member's name
  // Values of the array in C order, whatever the file's, as u8 (of u1 and b1), f32 (of floats) or i32 (of integers and
  // b1); numbers that an i32 cannot hold are an Error(Exit::data). `scratch` has the bytes that they take in the file.
  void read_values(int64_t first, int64_t count, DType into_type, std::byte* into, std::byte* scratch) const;
  void row(int64_t i, DType into_type, std::byte* into, std::byte* scratch) const {
    read_values(i * row_elements_, row_elements_, into_type, into, scratch);
  }

  // What is wrong with the array, with its member's name; `help` is an instruction.
  [[noreturn]] void fail(std::string what, std::string help = {}) const;
  // Beside which of its values a message stands: "y.npy", "train.npz: 'y'".
  std::string place() const;

 private:
  void open_member(const std::string& name);
  void read(uint64_t at, void* into, size_t bytes) const;  // of the .npy file
  void read_header();
  void check_type(const std::string& descr);
  void bring_into_c_order() const;

  InputFile file_;
  std::string member_;                     // its name; empty: the file is the array
  uint64_t begin_ = 0, bytes_ = 0;         // of the .npy file in file_
  std::unique_ptr<std::byte[]> inflated_;  // a deflated member
  uint64_t values_ = 0;                    // where they begin in the .npy file
  Shape shape_;
  std::string dtype_;
  bool swapped_ = false, fortran_ = false;
  mutable std::once_flag ordering_;
  mutable std::unique_ptr<std::byte[]> in_c_order_;  // all values of an array in Fortran's order
  int64_t value_bytes_ = 0, row_elements_ = 0;
};

// What stands before the values of an array in C order: version 1, padded so that they begin at a multiple of 64.
// `descr` is numpy's name of their type, "<f4".
std::string npy_head(const std::string& descr, const Shape& shape);

}  // namespace dl
