// Cells brought to their wide form, many at a time.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/kept_cells.h"

#include <algorithm>

#include "lib/base/cpu.h"

namespace dl {
namespace {

// False where one is no number.
template <class Divide>
bool widen_by(Divide divide, const int32_t* codes, double* into, size_t count) {
  int32_t least = std::numeric_limits<int32_t>::max();
  for (size_t i = 0; i < count; ++i) {
    least = codes[i] < least ? codes[i] : least;
    into[i] = divide(codes[i]);
  }
  return NarrowCell::is_number(least);
}

#if defined(__x86_64__)
// The nearest double of a quotient by the reciprocal (Markstein 1990), which is several times as fast as a division:
// what a first product leaves is a whole number of the quotient's last places, few enough that it is exact, and a
// quotient of a whole number below 2^31 by one below 2^30 is too far from all that lies between two doubles for the
// second product's error to matter.
__attribute__((target("avx2,fma"), flatten)) bool widen_fma(const int32_t* codes, double ten, double* into,
                                                            size_t count) {
  const double part = 1 / ten;
  const auto divide = [&](double code) __attribute__((target("avx2,fma"))) {
    const double near = code * part;
    return __builtin_fma(__builtin_fma(-near, ten, code), part, near);
  };
  return widen_by(divide, codes, into, count);
}
#endif

bool widen(const int32_t* codes, double ten, double* into, size_t count) {
#if defined(__x86_64__)
  if (cpu_features().avx2) return widen_fma(codes, ten, into, count);
#endif
  return widen_by([&](double code) { return code / ten; }, codes, into, count);
}

}  // namespace

void KeptColumn::copy_cells(int64_t begin, std::span<double> into) const {
  if (wide) {
    std::copy_n(wide.get() + begin, into.size(), into.data());
    return;
  }
  const int32_t* const codes = narrow.get() + begin;
  // Those that likely are read next: by itself a processor does not where several columns are read in turn.
  for (size_t i = 0; i < into.size(); i += 64 / sizeof *codes) __builtin_prefetch(codes + into.size() + i);
  if (widen(codes, powers_of_ten[decimals], into.data(), into.size())) return;
  for (size_t i = 0; i < into.size(); ++i) into[i] = NarrowCell::value(codes[i], decimals);
}

}  // namespace dl
