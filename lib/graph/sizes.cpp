// Counting with 64 bits.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/sizes.h"

#include "lib/base/error.h"
#include "lib/graph/op.h"

namespace dl {

namespace {

constexpr int64_t most_bytes = int64_t{1} << 58;  // of a value; the rest of 63 bits is for sums of several
constexpr const char* uncounted = ": larger than 64 bits count";
constexpr const char* lower_sizes = "lower the sizes that it is made of";

}  // namespace

int64_t times(int64_t a, int64_t b) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) throw ShapeError(concat(a, " times ", b, uncounted), lower_sizes);
  return product;
}

int64_t plus(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) throw ShapeError(concat(a, " and ", b, uncounted), lower_sizes);
  return sum;
}

int64_t Shape::elements() const {
  int64_t n = 1;
  for (int64_t size : sizes_)
    if (size == 0) return 0;
  for (int64_t size : sizes_)
    if (__builtin_mul_overflow(n, size, &n)) throw ShapeError(concat("shape ", text(), uncounted), lower_sizes);
  return n;
}

void require_counted(const Type& type) {
  if (type.shape.elements() > most_bytes / bytes_of(type.dtype))
    throw ShapeError(concat("shape ", type.shape.text(), uncounted), lower_sizes);
}

}  // namespace dl
