// Means, deviations, medians and curves of the training part.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/number_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "lib/base/text.h"
#include "lib/data/table/table_cells.h"

namespace dl {
namespace {

NumberSpread spread_of(const NumberSequence& values) {
  if (values.empty()) return {};
  double least = std::numeric_limits<double>::infinity(), most = -least, sum = 0;
  values.each_block([&](std::span<const double> block) {
    for (const double value : block) {
      sum += value;
      least = value < least ? value : least;
      most = most > value ? most : value;
    }
  });
  return {least, most, sum / static_cast<double>(values.size())};
}

double deviation(const NumberSequence& values, double mean) {
  double squares = 0;
  values.each_block([&](std::span<const double> block) {
    for (const double value : block) squares += (value - mean) * (value - mean);
  });
  return std::sqrt(squares / static_cast<double>(values.size()));
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return values.size() % 2 ? *middle : (*middle + *std::max_element(values.begin(), middle)) / 2;
}

void fit_scale(FittedColumn& fitted, const NumberSequence& values, const NumberSpread& spread,
               const std::string& normalize) {
  if (normalize == "none" || values.empty()) return;
  const auto [least, most, mean] = spread;
  if (normalize == "minmax") {
    fitted.shift = least;
    fitted.scale = most - least;
  } else if (least == most) {
    fitted.shift = least;
    fitted.scale = 0;
  } else {
    fitted.shift = mean;
    fitted.scale = deviation(values, mean);
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
  const NumberSpread spread = spread_of(numbers.values);
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
    fit_scale(fitted, values, spread_of(values), normalize);
  } else {
    fit_scale(fitted, numbers.values, spread, normalize);
  }
  return spread;
}

}  // namespace dl
