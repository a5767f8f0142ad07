// Numbers, indices and functions as C++.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_expression.h"

#include <bit>
#include <cmath>
#include <cstdio>

#include "lib/base/division.h"
#include "lib/base/error.h"

namespace dl::cuda {

const char* c_type(DType type) {
  switch (type) {
    case DType::f32: return "float";
    case DType::i32: return "int";
    case DType::u8: return "unsigned char";
    case DType::bf16: return "Bf16";
  }
  return "?";
}

std::string name_of_step(int i) { return "r" + std::to_string(i); }

std::string literal(float value) {
  char text[64];
  if (std::isfinite(value)) {
    std::snprintf(text, sizeof text, "%af", static_cast<double>(value));
  } else {
    std::snprintf(text, sizeof text, "float_of(0x%xu)", std::bit_cast<uint32_t>(value));
  }
  return text;
}

std::string IndexText::row(const Loop::Access& a, int64_t rows, const std::string& row) const {
  std::string text = row;
  if (a.divide != 1) text += " / " + (*this)(a.divide);
  if (a.modulo < ceil_div(rows, a.divide)) text += " % " + (*this)(a.modulo);
  return text;
}

namespace {

// Functions for which the hardware has something of its own.
bool is_of_thread(dl::Function f) {
  using enum dl::Function;
  return f == mul || f == round_bf16 || f == sigmoid || f == gelu || f == gelu_slope;
}

}  // namespace

std::string map_text(const LoopStep& s) {
  const auto operand = [&](size_t k) { return (s.negative[k] ? "-" : "") + name_of_step(s.from[k]); };
  if (s.kind == LoopStep::Kind::copy) return operand(0);
  std::string list = is_of_thread(s.function) ? "t, " : "";
  for (size_t k = 0; k < static_cast<size_t>(arity(s.function)); ++k) list += (k ? ", " : "") + operand(k);
  return concat("function::", name_of(s.function), "(", list, ")");
}

}  // namespace dl::cuda
