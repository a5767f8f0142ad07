// What is known of each type, and floats made f32.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/element_type.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "lib/base/bf16.h"
#include "lib/base/error.h"
#include "lib/base/f16.h"

namespace dl {
namespace {

static_assert(std::endian::native == std::endian::little, "files of weights are little-endian");

struct Known {
  const char* name;
  uint64_t bytes;
};
constexpr Known known_types[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2},     {"I16", 2},     {"U32", 4},
                                 {"I32", 4},  {"U64", 8}, {"I64", 8}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F16", 2},
                                 {"BF16", 2}, {"F32", 4}, {"F64", 8}, {"C64", 8},     {"C128", 16}};
const Known& known(ElementType type) { return known_types[static_cast<size_t>(type)]; }

float e4m3_value(uint8_t bits) {
  const float sign = (bits & 0x80) != 0 ? -1.0f : 1.0f;
  const int exponent = (bits >> 3) & 15, fraction = bits & 7;
  if (exponent == 15 && fraction == 7) return std::copysign(std::numeric_limits<float>::quiet_NaN(), sign);
  if (exponent == 0) return sign * static_cast<float>(fraction) * 0x1p-9f;
  return sign * std::ldexp(1.0f + static_cast<float>(fraction) / 8, exponent - 7);
}

template <class Stored, class Value>
void convert_to_f32(const std::byte* from, std::span<float> into, Value value) {
  for (float& x : into) {
    Stored stored;
    std::memcpy(&stored, from, sizeof stored);
    x = value(stored);
    from += sizeof stored;
  }
}

}  // namespace

const char* name_of(ElementType type) { return known(type).name; }
uint64_t bytes_of(ElementType type) { return known(type).bytes; }
uint64_t bytes_of_number(ElementType type) { return type >= ElementType::c64 ? bytes_of(type) / 2 : bytes_of(type); }
bool is_float(ElementType type) { return type >= ElementType::f8_e4m3 && type <= ElementType::f64; }

std::optional<ElementType> element_type(std::string_view name) {
  const auto* found = std::ranges::find(known_types, name, &Known::name);
  if (found == std::end(known_types)) return {};
  return static_cast<ElementType>(found - std::begin(known_types));
}

ElementType element_type(DType type) {
  switch (type) {
    case DType::f32: return ElementType::f32;
    case DType::i32: return ElementType::i32;
    case DType::u8: return ElementType::u8;
    case DType::bf16: return ElementType::bf16;
  }
  return ElementType::f32;
}

void to_f32(ElementType type, const std::byte* from, std::span<float> into) {
  const auto e5m2_value = [](uint8_t bits) { return f16_value(static_cast<uint16_t>(bits << 8)); };
  const auto rounded_to_f32 = [](double x) { return static_cast<float>(x); };
  switch (type) {
    case ElementType::f32: std::memcpy(into.data(), from, into.size_bytes()); return;
    case ElementType::f64: return convert_to_f32<double>(from, into, rounded_to_f32);
    case ElementType::f16: return convert_to_f32<uint16_t>(from, into, f16_value);
    case ElementType::bf16: return convert_to_f32<uint16_t>(from, into, float_of_bf16);
    case ElementType::f8_e4m3: return convert_to_f32<uint8_t>(from, into, e4m3_value);
    case ElementType::f8_e5m2: return convert_to_f32<uint8_t>(from, into, e5m2_value);
    default: DL_CHECK(false, name_of(type), " as f32");
  }
}

}  // namespace dl
