// Types of elements that files of weights have: more than programs of ours compute with (lib/graph/type.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/graph/type.h"

namespace dl {

enum class ElementType : uint8_t {
  boolean,  // a byte, 0 or 1
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  u64,
  i64,
  f8_e4m3,  // finite and NaN, without infinities (arXiv:2209.05433)
  f8_e5m2,
  f16,
  bf16,
  f32,
  f64,
  c64,  // two f32
  c128
};

const char* name_of(ElementType type);  // as safetensors has it: "F32", "BF16", "BOOL"
std::optional<ElementType> element_type(std::string_view name);
ElementType element_type(DType type);
uint64_t bytes_of(ElementType type);
uint64_t bytes_of_number(ElementType type);  // half of it where an element is two numbers: what a byte order swaps
bool is_float(ElementType type);             // what f32 can stand for: F64 rounded, all others exactly

// Elements of such a type, little-endian, made f32.
void to_f32(ElementType type, const std::byte* from, std::span<float> into);

}  // namespace dl
