// Cells brought to their wide form, many at a time.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/kept_cells.h"

#include <algorithm>

namespace dl {
namespace {

#if defined(__x86_64__) && defined(__ELF__)
#define DL_ALSO_AVX2 __attribute__((target_clones("avx2", "default")))
#else
#define DL_ALSO_AVX2
#endif

// False where one is no number.
DL_ALSO_AVX2 bool widen(const int32_t* codes, double ten, double* into, size_t count) {
  int32_t least = std::numeric_limits<int32_t>::max();
  for (size_t i = 0; i < count; ++i) least = codes[i] < least ? codes[i] : least;
  for (size_t i = 0; i < count; ++i) into[i] = codes[i] / ten;
  return NarrowCell::is_number(least);
}

}  // namespace

void KeptColumn::copy_cells(int64_t begin, std::span<double> into) const {
  if (wide) {
    std::copy_n(wide.get() + begin, into.size(), into.data());
    return;
  }
  const int32_t* const codes = narrow.get() + begin;
  if (widen(codes, powers_of_ten[decimals], into.data(), into.size())) return;
  for (size_t i = 0; i < into.size(); ++i) into[i] = NarrowCell::value(codes[i], decimals);
}

}  // namespace dl
