// What is fitted to a column of numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <string>

#include "lib/data/table/table_column.h"

namespace dl {

// The spreads of columns of as many numbers each, most_together at most, whose sums a processor adds side by side: they
// are to the last bit those of each column alone.
constexpr size_t most_together = 4;
std::vector<NumberSpread> spreads_of(std::span<const NumberSequence> columns, bool with_deviations);

// Knows the numbers' form, and the function, shift and scale of that normalization. One that a float cannot hold is an
// Error(Exit::data), as is what box_cox has no logarithm of.
NumberSpread fit_numbers(FittedColumn& fitted, const TableColumn& column, const ColumnNumbers& numbers,
                         const std::string& normalize);

// What stands for a missing number, mean, median or most_frequent, as the text of a plain one.
std::string number_fill(const NumberSequence& values, const NumberSpread& spread, const std::string& impute);

// Of pairs with a count, the first with the largest.
template <class Counts>
auto most_frequent(const Counts& counts) {
  return std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; })->first;
}

}  // namespace dl
