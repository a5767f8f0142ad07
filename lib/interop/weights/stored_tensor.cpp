// Reading elements by their strides.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/stored_tensor.h"

#include <algorithm>
#include <cstring>

#include "lib/base/error.h"

namespace dl {
namespace {

constexpr size_t most_dimensions = 64;  // numpy's and PyTorch's limit

bool row_major(const StoredTensor& t) {
  int64_t step = 1;
  for (size_t axis = t.strides.size(); axis-- > 0;) {
    const int64_t size = t.shape.sizes()[axis];
    if (size != 1 && t.strides[axis] != step) return false;
    step *= size;
  }
  return true;
}

// How many bytes there are from the first element to the last.
uint64_t reach(const StoredTensor& t, bool in_rows) {
  if (in_rows || t.shape.elements() == 0) return t.byte_count();
  uint64_t last = 0;
  for (size_t axis = 0; axis < t.strides.size(); ++axis)
    last += static_cast<uint64_t>((t.shape.sizes()[axis] - 1) * t.strides[axis]);
  return (last + 1) * bytes_of(t.type);
}

}  // namespace

StoredBytes::Pointer StoredBytes::in_file(File file, uint64_t begin, uint64_t bytes) {
  auto stored = std::make_shared<StoredBytes>();
  stored->file_ = std::move(file);
  stored->begin_ = begin;
  stored->size_ = bytes;
  return stored;
}

StoredBytes::Pointer StoredBytes::in_zip(File file, const ZipMember& member) {
  auto stored = std::make_shared<StoredBytes>();
  stored->begin_ = zip_data(*file, member);
  stored->size_ = member.bytes;
  stored->member_ = member;
  stored->file_ = std::move(file);
  return stored;
}

StoredBytes::Pointer StoredBytes::in_memory(std::string bytes) {
  auto stored = std::make_shared<StoredBytes>();
  stored->size_ = bytes.size();
  stored->memory_ = std::move(bytes);
  return stored;
}

void StoredBytes::read(uint64_t at, void* into, size_t bytes) const {
  DL_CHECK(!is_deflated() && at <= size_ && bytes <= size_ - at, at, " ", bytes, " of ", size_);
  if (file_)
    file_->read(begin_ + at, into, bytes);
  else
    std::memcpy(into, memory_.data() + at, bytes);
}

std::unique_ptr<std::byte[]> StoredBytes::inflated() const { return unzip(*file_, member_, ZipSum::ignored); }

std::string why_no_shape(std::span<const int64_t> sizes, ElementType type) {
  if (sizes.size() > most_dimensions) return concat(sizes.size(), " dimensions");
  int64_t bytes = static_cast<int64_t>(bytes_of(type));
  bool wraps = false, any_zero = false;
  for (const int64_t size : sizes) {
    if (size < 0) return concat("a size of ", size);
    any_zero |= size == 0;
    wraps |= size > 0 && __builtin_mul_overflow(bytes, size, &bytes);
  }
  if (wraps && any_zero) return concat("sizes larger than 64 bits count beside one of 0");
  return wraps ? concat("shape ", Shape({sizes.begin(), sizes.end()}).text(), ", larger than 64 bits count") : "";
}

TensorReader::TensorReader(const StoredTensor& tensor) : tensor_(tensor), in_rows_(row_major(tensor)) {
  const uint64_t bytes = reach(tensor, in_rows_);
  DL_CHECK(tensor.offset <= tensor.bytes->size() && bytes <= tensor.bytes->size() - tensor.offset, bytes, " from ",
           tensor.offset, " on of ", tensor.bytes->size());
  if (tensor.bytes->is_deflated()) {
    memory_ = tensor.bytes->inflated();
    offset_ = tensor.offset;
  } else if (!in_rows_) {
    memory_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
    tensor.bytes->read(tensor.offset, memory_.get(), bytes);
  }
}

void TensorReader::read(int64_t begin, int64_t count, std::byte* into) {
  DL_CHECK(begin >= 0 && count >= 0 && begin + count <= tensor_.shape.elements(), begin, " ", count, " of ",
           tensor_.shape.text());
  const uint64_t width = bytes_of(tensor_.type);
  const uint64_t at = static_cast<uint64_t>(begin) * width, bytes = static_cast<uint64_t>(count) * width;
  if (!in_rows_)
    gather(begin, count, into);
  else if (memory_)
    std::memcpy(into, memory_.get() + offset_ + at, bytes);
  else
    tensor_.bytes->read(tensor_.offset + at, into, bytes);
  const uint64_t number = bytes_of_number(tensor_.type);
  if (tensor_.swapped && number > 1)
    for (std::byte* value = into; value < into + bytes; value += number) std::reverse(value, value + number);
}

// The place of element `begin`, then one step after another, the last axis first.
void TensorReader::gather(int64_t begin, int64_t count, std::byte* into) const {
  const std::vector<int64_t>& sizes = tensor_.shape.sizes();
  const uint64_t width = bytes_of(tensor_.type);
  std::vector<int64_t> index(sizes.size());
  int64_t place = 0, rest = begin;
  for (size_t axis = sizes.size(); axis-- > 0;) {
    index[axis] = rest % std::max<int64_t>(sizes[axis], 1);
    rest /= std::max<int64_t>(sizes[axis], 1);
    place += index[axis] * tensor_.strides[axis];
  }
  for (int64_t i = 0; i < count; ++i, into += width) {
    std::memcpy(into, memory_.get() + offset_ + static_cast<uint64_t>(place) * width, width);
    for (size_t axis = sizes.size(); axis-- > 0;) {
      place += tensor_.strides[axis];
      if (++index[axis] < sizes[axis]) break;
      place -= tensor_.strides[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
}

void TensorReader::read_f32(int64_t begin, std::span<float> into) {
  if (tensor_.type == ElementType::f32)
    return read(begin, static_cast<int64_t>(into.size()), reinterpret_cast<std::byte*>(into.data()));
  constexpr size_t piece_elements = 1 << 16;
  piece_.resize(std::min(into.size(), piece_elements) * bytes_of(tensor_.type));
  for (size_t at = 0; at < into.size(); at += piece_elements) {
    const size_t count = std::min(piece_elements, into.size() - at);
    read(begin + static_cast<int64_t>(at), static_cast<int64_t>(count), piece_.data());
    to_f32(tensor_.type, piece_.data(), into.subspan(at, count));
  }
}

}  // namespace dl
