// How the reference device's kernels are written: for each op a function that looks at the types and returns the loop
// that runs. Each registers itself, so no file lists them. Sums are accumulated in double; nothing is clever.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <span>

#include "lib/device/device.h"
#include "lib/graph/loop.h"

namespace dl::reference {

using Types = std::span<const Type>;
using Buffers = std::span<void* const>;
using Run = std::function<void(Buffers in, Buffers out)>;  // takes no heap memory when called
using Prepare = Run (*)(const Op& op, Types in, Types out);

// Of a kernel that finds faults (lib/device/device.h), which are the last of `out`: what one of them means.
using Explain = Problem (*)(Types in, int32_t number);

struct Entry {
  Prepare prepare = nullptr;
  Explain explain = nullptr;  // none: it finds no faults
};
struct Registration {
  Registration(const char* op, Prepare prepare, Explain explain = nullptr);
};
const Entry* find(std::string_view op);  // null where there is none

inline float* f32(Buffers buffers, size_t i) { return static_cast<float*>(buffers[i]); }
// Element i of a tensor of any type, as the f32 that elementwise functions see.
float element(const void* data, DType type, int64_t i);
void set_element(void* data, DType type, int64_t i, float value);  // f32 and bf16
// The function of as many operands as it takes.
double apply(Function function, double a, double b, double c);

// Finds elements: index i over `sizes`, row-major, lies at the sum of its coordinates times `strides`.
class Layout {
 public:
  Layout(Shape sizes, std::vector<int64_t> strides) : sizes_(std::move(sizes)), strides_(std::move(strides)) {}
  int64_t operator()(int64_t i) const;
  int64_t elements() const { return sizes_.elements(); }

 private:
  Shape sizes_;
  std::vector<int64_t> strides_;
};
std::vector<int64_t> row_major(const Shape& shape);
// Where the elements of a result of shape `to` find theirs in an operand of shape `from`, by NumPy's broadcasting.
Layout broadcast_layout(const Shape& from, const Shape& to);

}  // namespace dl::reference

#define DL_REFERENCE_KERNEL(op, prepare, ...) \
  static const ::dl::reference::Registration registration_##prepare(op, prepare __VA_OPT__(, ) __VA_ARGS__)
