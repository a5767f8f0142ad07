// The table of kernels, and what several of them need.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/reference/kernel.h"

#include <map>

#include "lib/base/bf16.h"
#include "lib/base/error.h"

namespace dl::reference {

namespace {

std::map<std::string_view, Entry>& table() {
  static std::map<std::string_view, Entry> kernels;
  return kernels;
}

}  // namespace

Registration::Registration(const char* op, Prepare prepare, Explain explain) {
  DL_CHECK(table().emplace(op, Entry{prepare, explain}).second, op, " has two reference kernels");
}

const Entry* find(std::string_view op) {
  const auto it = table().find(op);
  return it == table().end() ? nullptr : &it->second;
}

float element(const void* data, DType type, int64_t i) {
  switch (type) {
    case DType::f32: return static_cast<const float*>(data)[i];
    case DType::i32: return static_cast<float>(static_cast<const int32_t*>(data)[i]);
    case DType::u8: return static_cast<const uint8_t*>(data)[i];
    case DType::bf16: return float_of_bf16(static_cast<const uint16_t*>(data)[i]);
  }
  return 0;
}

void set_element(void* data, DType type, int64_t i, float value) {
  DL_CHECK(type == DType::f32 || type == DType::bf16, name_of(type), " is not computed");
  if (type == DType::f32) {
    static_cast<float*>(data)[i] = value;
  } else {
    static_cast<uint16_t*>(data)[i] = bf16_of_float(value);
  }
}

int64_t Layout::operator()(int64_t i) const {
  int64_t offset = 0;
  for (int axis = sizes_.rank() - 1; axis >= 0; --axis) {
    offset += i % sizes_[axis] * strides_[static_cast<size_t>(axis)];
    i /= sizes_[axis];
  }
  return offset;
}

std::vector<int64_t> row_major(const Shape& shape) {
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()));
  int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<size_t>(axis)] = stride;
    stride *= shape[axis];
  }
  return strides;
}

Layout broadcast_layout(const Shape& from, const Shape& to) {
  const std::vector<int64_t> own = row_major(from);
  std::vector<int64_t> strides(static_cast<size_t>(to.rank()), 0);
  for (int i = 1; i <= from.rank(); ++i) {
    if (from[-i] != 1) strides[strides.size() - static_cast<size_t>(i)] = own[own.size() - static_cast<size_t>(i)];
  }
  return {to, std::move(strides)};
}

}  // namespace dl::reference
