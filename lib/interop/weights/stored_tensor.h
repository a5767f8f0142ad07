// A tensor as it stands in some file: nothing of it is read before it is asked for.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/data/file/zip.h"
#include "lib/graph/type.h"
#include "lib/interop/element_type.h"

namespace dl {

// Bytes that tensors lie in: a piece of a file, a member that a zip archive has deflated, or bytes in memory. Several
// tensors may share them.
class StoredBytes {
 public:
  using Pointer = std::shared_ptr<const StoredBytes>;
  using File = std::shared_ptr<const InputFile>;

  // The caller has checked that the file has them.
  static Pointer in_file(File file, uint64_t begin, uint64_t bytes);
  // Their sum is not checked: PyTorch can be told to write none.
  static Pointer in_zip(File file, const ZipMember& member);
  static Pointer in_memory(std::string bytes);

  uint64_t size() const { return size_; }
  bool is_deflated() const { return member_.deflated; }
  void read(uint64_t at, void* into, size_t bytes) const;  // not where they are deflated
  std::unique_ptr<std::byte[]> inflated() const;           // all, where they are

 private:
  File file_;
  uint64_t begin_ = 0, size_ = 0;
  ZipMember member_;
  std::string memory_;
};

struct StoredTensor {
  ElementType type = ElementType::f32;
  Shape shape;
  std::vector<int64_t> strides;  // in elements, one a dimension; none: row-major without gaps
  uint64_t offset = 0;           // of the first element, in bytes
  StoredBytes::Pointer bytes;    // that hold every element
  bool swapped = false;          // big-endian

  uint64_t byte_count() const { return static_cast<uint64_t>(shape.elements()) * bytes_of(type); }
};

// Sizes that others may say: every size from 0 on, no product larger than 64 bits count, at most 64 dimensions. Empty
// where they can be, else what they are.
std::string why_no_shape(std::span<const int64_t> sizes, ElementType type);

// Elements of one tensor in row-major order, whatever their order in the file, as they are or made f32. Brings the
// tensor into memory where its bytes are deflated or lie in another order, else only what is asked for.
class TensorReader {
 public:
  explicit TensorReader(const StoredTensor& tensor);

  void read(int64_t begin, int64_t count, std::byte* into);  // little-endian
  void read_f32(int64_t begin, std::span<float> into);       // is_float(tensor.type) holds

 private:
  void gather(int64_t begin, int64_t count, std::byte* into) const;

  const StoredTensor& tensor_;
  bool in_rows_;                         // row-major without gaps
  std::unique_ptr<std::byte[]> memory_;  // the bytes from offset_ on, where they are in memory
  uint64_t offset_ = 0;
  std::vector<std::byte> piece_;
};

}  // namespace dl
