// What is known of a value before a byte is allocated: its element type and shape.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace dl {

enum class DType : uint8_t { f32, i32, u8, bf16 };

constexpr int64_t bytes_of(DType type) { return type == DType::u8 ? 1 : type == DType::bf16 ? 2 : 4; }
const char* name_of(DType type);

// Sizes from the outermost to the innermost dimension, row-major and contiguous. Images are [batch, height, width,
// channels].
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> sizes) : sizes_(sizes) {}
  explicit Shape(std::vector<int64_t> sizes) : sizes_(std::move(sizes)) {}

  int rank() const { return static_cast<int>(sizes_.size()); }
  int64_t operator[](int axis) const { return sizes_[static_cast<size_t>(axis < 0 ? axis + rank() : axis)]; }
  int64_t& operator[](int axis) { return sizes_[static_cast<size_t>(axis < 0 ? axis + rank() : axis)]; }
  int64_t elements() const;  // 1 for a scalar
  int64_t last() const { return sizes_.empty() ? 1 : sizes_.back(); }
  const std::vector<int64_t>& sizes() const { return sizes_; }
  std::string text() const;     // "[32, 7, 7]"
  Shape without_batch() const;  // all but the first dimension
  bool operator==(const Shape&) const = default;

 private:
  std::vector<int64_t> sizes_;
};

struct Type {
  DType dtype = DType::f32;
  Shape shape;
  int64_t bytes() const { return shape.elements() * bytes_of(dtype); }
  bool operator==(const Type&) const = default;
};

// NumPy's rule: aligned at the last dimension, equal or 1. Throws ShapeError.
Shape broadcast(const Shape& a, const Shape& b);

}  // namespace dl
