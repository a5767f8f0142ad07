// The steps of a loop as C++ expressions: what any kernel that computes them shares, whatever gives it its rows and
// columns (a range of elements, a team of threads, a product's tile). Step i is the variable r<i>.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/device/cuda/loop_steps.h"

namespace dl::cuda {

const char* c_type(DType type);  // as kernels/numbers.h has them: "float", "Bf16"
std::string name_of_step(int i);
std::string literal(float value);  // "0x1p-1f", or by its bits

// An index of the type that a kernel counts with.
struct IndexText {
  bool wide = false;
  std::string type() const { return wide ? "unsigned long long" : "unsigned"; }
  std::string operator()(int64_t n) const { return std::to_string(n) + (wide ? "ull" : "u"); }
  // The row of a tensor that belongs to row `row` of a loop of `rows` rows.
  std::string row(const Loop::Access& access, int64_t rows, const std::string& row) const;
};

// A map or copy of variables; t is the thread.
std::string map_text(const LoopStep& s);

}  // namespace dl::cuda
