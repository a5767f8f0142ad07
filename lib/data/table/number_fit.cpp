// Means, deviations, medians and curves of the training part.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/number_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "lib/base/text.h"
#include "lib/data/table/table_cells.h"

namespace dl {
namespace {

// Calls f(column, number) with the numbers of each column in their order, one of each in turn.
template <size_t count, class F>
void each_number(std::span<const NumberSequence> columns, F f) {
  std::array<NumberSequence::Block, count> copies;
  std::array<std::span<const double>, count> blocks;
  for (size_t at = 0; at < columns[0].size(); at += NumberSequence::block_size) {
    for (size_t c = 0; c < count; ++c) blocks[c] = columns[c].block(at, copies[c]);
    for (size_t i = 0; i < blocks[0].size(); ++i)
      for (size_t c = 0; c < count; ++c) f(c, blocks[c][i]);
  }
}

template <size_t count>
std::vector<NumberSpread> spreads(std::span<const NumberSequence> columns, bool with_deviations) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::array<double, count> least, most, sum{}, mean, squares{};
  least.fill(infinity);
  most.fill(-infinity);
  each_number<count>(columns, [&](size_t c, double value) {
    sum[c] += value;
    least[c] = value < least[c] ? value : least[c];
    most[c] = most[c] > value ? most[c] : value;
  });
  std::vector<NumberSpread> found;
  const auto numbers = static_cast<double>(columns[0].size());
  for (size_t c = 0; c < count; ++c) {
    mean[c] = sum[c] / numbers;
    found.push_back({.least = least[c], .most = most[c], .mean = mean[c], .deviation = {}});
  }
  if (!with_deviations) return found;
  each_number<count>(columns, [&](size_t c, double value) { squares[c] += (value - mean[c]) * (value - mean[c]); });
  for (size_t c = 0; c < count; ++c) found[c].deviation = std::sqrt(squares[c] / numbers);
  return found;
}

NumberSpread spread_of(const NumberSequence& values, bool with_deviation) {
  return spreads_of({&values, 1}, with_deviation)[0];
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return values.size() % 2 ? *middle : (*middle + *std::max_element(values.begin(), middle)) / 2;
}

void fit_scale(FittedColumn& fitted, const NumberSequence& values, const NumberSpread& spread,
               const std::string& normalize) {
  if (normalize == "none" || values.empty()) return;
  const double least = spread.least, most = spread.most;
  if (normalize == "minmax") {
    fitted.shift = least;
    fitted.scale = most - least;
  } else if (least == most) {
    fitted.shift = least;
    fitted.scale = 0;
  } else {
    fitted.shift = spread.mean;
    fitted.scale = spread.deviation ? *spread.deviation : *spread_of(values, true).deviation;
  }
  // What differs by rounding only is one value.
  const double rounding = 8 * std::numeric_limits<double>::epsilon() * std::max(std::abs(least), std::abs(most));
  if (!(most - least > rounding)) fitted.scale = 1;
}

// Refuses what a float cannot hold.
void check_range(const TableColumn& column, const ColumnNumbers& numbers, const NumberSpread& spread) {
  constexpr double most = std::numeric_limits<float>::max();
  if (spread.least >= -most && spread.most <= most) return;
  for (const int64_t row : column.rows)
    if (const auto value = cell_number(column.text(row), numbers.form); value && std::abs(*value) > most)
      fail_cell(column.parts, row, column.index, float_expected, column.parts.cell(row, column.index), missing_help);
}

[[noreturn]] void fail_box_cox(const TableColumn& column, const ColumnNumbers& numbers) {
  for (const int64_t row : column.rows)
    if (const auto value = cell_number(column.text(row), numbers.form); value && *value <= 0)
      fail_cell(column.parts, row, column.index, "a number above 0 for 'box_cox'", column.text(row),
                "write 'yeo_johnson'");
  DL_CHECK(false, "a column's least number is in none of its rows");
}

}  // namespace

std::vector<NumberSpread> spreads_of(std::span<const NumberSequence> columns, bool with_deviations) {
  for (const NumberSequence& column : columns) DL_CHECK(column.size() == columns[0].size(), column.size());
  if (columns.empty() || columns[0].empty()) return std::vector<NumberSpread>(columns.size());
  static_assert(most_together == 4);
  switch (columns.size()) {
    case 1: return spreads<1>(columns, with_deviations);
    case 2: return spreads<2>(columns, with_deviations);
    case 3: return spreads<3>(columns, with_deviations);
    default:
      DL_CHECK(columns.size() == most_together, columns.size());
      return spreads<most_together>(columns, with_deviations);
  }
}

std::string number_fill(const NumberSequence& values, const NumberSpread& spread, const std::string& impute) {
  if (values.empty()) return "0";
  if (impute == "median") return number_text(median(values.all()));
  if (impute != "most_frequent") return number_text(spread.mean);
  std::map<double, int64_t> counts;
  values.each_block([&](std::span<const double> block) {
    for (const double value : block) ++counts[value];
  });
  return number_text(most_frequent(counts));
}

NumberSpread fit_numbers(FittedColumn& fitted, const TableColumn& column, const ColumnNumbers& numbers,
                         const std::string& normalize) {
  const NumberSpread spread = numbers.spread ? *numbers.spread : spread_of(numbers.values, normalize == "standard");
  check_range(column, numbers, spread);
  fitted.decimal = std::string(1, numbers.form.decimal);
  fitted.thousands = numbers.form.thousands ? std::string(1, numbers.form.thousands) : "";
  fitted.percent = numbers.form.percent;
  fitted.log = normalize == "log";
  const std::string curves[] = {"yeo_johnson", "box_cox", "quantile", "quantile_normal"};
  if (std::ranges::count(curves, normalize) > 0) {
    if (normalize == "box_cox" && !numbers.values.empty() && spread.least <= 0) fail_box_cox(column, numbers);
    fitted.curve = fit_curve(normalize, numbers.values.all());
    if (fitted.curve.is_quantile()) return spread;
  }
  if (fitted.is_curved()) {
    std::vector<double> curved = numbers.values.all();
    for (double& value : curved) value = fitted.curved(value);
    const NumberSequence values(std::move(curved));
    fit_scale(fitted, values, spread_of(values, true), normalize);
  } else {
    fit_scale(fitted, numbers.values, spread, normalize);
  }
  return spread;
}

}  // namespace dl
