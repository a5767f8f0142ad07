// Powers by their likelihood, quantiles by sorting.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/column_curve.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

namespace dl {
namespace {

constexpr size_t most_quantiles = 200;

// The place of the largest value of a function with one hump: by the golden section, around a bracket that is moved
// until it holds it.
double place_of_most(const std::function<double(double)>& f) {
  const double part = (std::sqrt(5.0) - 1) / 2;
  double low = -2, high = 2;
  for (int i = 0; i < 30 && f(low) > f(low + (high - low) * 0.01); ++i) low -= high - low;
  for (int i = 0; i < 30 && f(high) > f(high - (high - low) * 0.01); ++i) high += high - low;
  double a = high - part * (high - low), b = low + part * (high - low), fa = f(a), fb = f(b);
  for (int i = 0; i < 100 && high - low > 1e-10 * (1 + std::abs(low)); ++i) {
    if (fa > fb) {
      high = b, b = a, fb = fa;
      a = high - part * (high - low), fa = f(a);
    } else {
      low = a, a = b, fa = fb;
      b = low + part * (high - low), fb = f(b);
    }
  }
  return (low + high) / 2;
}

double log_variance(std::span<const double> values, const std::function<double(double)>& curve) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  std::vector<double> curved;
  curved.reserve(values.size());
  for (const double x : values) mean += (curved.emplace_back(curve(x)), curved.back()) / n;
  for (const double y : curved) squares += (y - mean) * (y - mean) / n;
  return std::log(squares);
}

// The share at x between neighbours of equal shares; of equal quantiles the middle of theirs.
double share_at(std::span<const double> quantiles, double x) {
  const auto last = static_cast<double>(quantiles.size() - 1);
  const auto between = [&](auto at) {  // the first that is not before x, or that is behind it
    if (at == quantiles.begin()) return 0.0;
    if (at == quantiles.end()) return 1.0;
    const double below = *(at - 1), above = *at;
    return (static_cast<double>(at - quantiles.begin() - 1) + (x - below) / (above - below)) / last;
  };
  return (between(std::ranges::lower_bound(quantiles, x)) + between(std::ranges::upper_bound(quantiles, x))) / 2;
}

}  // namespace

double yeo_johnson(double x, double lambda) {
  if (x >= 0) return std::abs(lambda) < 1e-12 ? std::log1p(x) : (std::pow(x + 1, lambda) - 1) / lambda;
  return std::abs(lambda - 2) < 1e-12 ? -std::log1p(-x) : -(std::pow(1 - x, 2 - lambda) - 1) / (2 - lambda);
}

double box_cox(double x, double lambda) {
  return std::abs(lambda) < 1e-12 ? std::log(x) : (std::pow(x, lambda) - 1) / lambda;
}

// Acklam's rational approximation, then a step of Halley's method with erfc.
double normal_quantile(double share) {
  if (share > 0.5) return -normal_quantile(1 - share);
  constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                          1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
                          -1.328068155288572e+01};
  constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                          -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00};
  double x;
  if (share < 0.02425) {
    const double q = std::sqrt(-2 * std::log(share));
    x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
        ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  } else {
    const double q = share - 0.5, r = q * q;
    x = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
        (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
  }
  const double error = 0.5 * std::erfc(-x / std::numbers::sqrt2) - share;
  const double step = error * std::sqrt(2 * std::numbers::pi) * std::exp(x * x / 2);
  return x - step / (1 + x * step / 2);
}

double ColumnCurve::operator()(double x) const {
  if (kind == "yeo_johnson") return yeo_johnson(x, lambda);
  if (kind == "box_cox") return x > 0 ? box_cox(x, lambda) : std::nan("");
  if (!is_quantile() || quantiles.empty()) return x;
  const double share = x <= quantiles.front() ? 0 : x >= quantiles.back() ? 1 : share_at(quantiles, x);
  if (kind == "quantile") return share;
  constexpr double nearest = 1e-7;  // to the ends, which lie nowhere
  return normal_quantile(std::clamp(share, nearest, 1 - nearest));
}

ColumnCurve fit_curve(const std::string& kind, std::vector<double> values) {
  ColumnCurve curve{.kind = kind};
  if (values.empty()) return curve;
  const auto n = static_cast<double>(values.size());
  if (curve.is_quantile()) {
    std::ranges::sort(values);
    const size_t count = std::min(most_quantiles, values.size());
    const size_t parts = std::max<size_t>(count - 1, 1);
    for (size_t i = 0; i < count; ++i) {
      const size_t at = i * (values.size() - 1), below = at / parts, above = std::min(below + 1, values.size() - 1);
      const double share = static_cast<double>(at % parts) / static_cast<double>(parts);
      curve.quantiles.push_back(values[below] + share * (values[above] - values[below]));
    }
    return curve;
  }
  const auto [least, most] = std::ranges::minmax(values);
  if (least == most) return curve;  // no power changes it
  double logs = 0;
  for (const double x : values) logs += kind == "box_cox" ? std::log(x) : std::copysign(std::log1p(std::abs(x)), x);
  const auto function = kind == "box_cox" ? box_cox : yeo_johnson;
  curve.lambda = place_of_most([&](double lambda) {
    return (lambda - 1) * logs - n / 2 * log_variance(values, [&](double x) { return function(x, lambda); });
  });
  return curve;
}

}  // namespace dl
