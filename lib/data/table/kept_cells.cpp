// Cells brought to their wide form, many at a time.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/kept_cells.h"

#include <algorithm>

namespace dl {

void KeptColumn::copy_cells(int64_t begin, std::span<double> into) const {
  if (wide) {
    std::copy_n(wide.get() + begin, into.size(), into.data());
    return;
  }
  const int32_t* const codes = narrow.get() + begin;
  const double ten = powers_of_ten[decimals];
  bool are_numbers = true;
  for (size_t i = 0; i < into.size(); ++i) {
    are_numbers &= NarrowCell::is_number(codes[i]);
    into[i] = codes[i] / ten;
  }
  if (are_numbers) return;
  for (size_t i = 0; i < into.size(); ++i) into[i] = NarrowCell::value(codes[i], decimals);
}

}  // namespace dl
