// What is done to a column's numbers before they are shifted and scaled.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>
#include <vector>

namespace dl {

// none: x.
// yeo_johnson, box_cox: powers (Yeo and Johnson 2000, doi:10.1093/biomet/87.4.954; Box and Cox 1964) that bring the
//   numbers nearest to a normal distribution, as scikit-learn's PowerTransformer.
// quantile, quantile_normal: the share of numbers below x, 0 to 1, or the place of that share in a normal distribution,
//   as scikit-learn's QuantileTransformer with 200 quantiles.
struct ColumnCurve {
  std::string kind = "none";
  double lambda = 1;              // the power
  std::vector<double> quantiles;  // at equal shares, from the least number to the largest
  bool is_none() const { return kind == "none"; }
  bool is_quantile() const { return kind.starts_with("quantile"); }
  double operator()(double x) const;
};

// Fitted to numbers, of which box_cox wants all above 0.
ColumnCurve fit_curve(const std::string& kind, std::vector<double> values);

double yeo_johnson(double x, double lambda);
double box_cox(double x, double lambda);
// The x of which a normal distribution with mean 0 and deviation 1 has this share below it; 0 < share < 1.
double normal_quantile(double share);

}  // namespace dl
