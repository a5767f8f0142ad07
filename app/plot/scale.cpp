// Round numbers: 1, 2, 2.5 and 5 by powers of ten.
// SPDX-License-Identifier: Apache-2.0
#include "app/plot/scale.h"

#include <algorithm>
#include <cmath>

#include "app/console/text.h"

namespace dl {
namespace {

// The least round number that is not below `raw`.
double round_step(double raw, bool whole) {
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double digits : {1.0, 2.0, 2.5, 5.0}) {
    const double step = digits * power;
    if (step >= raw * (1 - 1e-9) && (!whole || step == std::floor(step))) return step;
  }
  return 10 * power;
}

Scale linear(double least, double most, const ScaleOptions& o) {
  if (least == most) {  // room around a single value
    const double room = least == 0 ? 1 : std::abs(least) / 2;
    least -= least == 0 ? 0 : room;
    most += room;
  }
  double raw = (most - least) / static_cast<double>(o.ticks);
  if (o.whole) raw = std::max(raw, 1.0);
  const double step = round_step(std::max(raw, 1e-300), o.whole);
  Scale scale{.least = least, .most = most, .ticks = {}};
  if (o.to_ticks) {
    scale.least = std::floor(least / step + 1e-9) * step;
    scale.most = std::ceil(most / step - 1e-9) * step;
  }
  for (double i = std::ceil(scale.least / step - 1e-9); i * step <= scale.most + 1e-9 * step; ++i)
    scale.ticks.push_back(i * step);
  return scale;
}

Scale logarithmic(double least, double most, const ScaleOptions& o) {
  constexpr double digits[] = {1, 2, 5};
  std::vector<double> all;  // 1, 2, 5, 10, …, one beyond each end
  for (double e = std::floor(std::log10(least)); e <= std::ceil(std::log10(most)); ++e)
    for (const double digit : digits) all.push_back(digit * std::pow(10, e));
  const auto first = std::upper_bound(all.begin(), all.end(), least * (1 + 1e-9)) - 1;
  auto last = std::lower_bound(all.begin(), all.end(), most * (1 - 1e-9));
  if (last == first) ++last;
  Scale scale{.least = *first, .most = *last, .logarithmic = true, .ticks = {}};
  constexpr double room = 1.15;
  if (*first * 2 < *last / 2 && most > least) {  // ticks lie within; the range need not begin and end at one
    scale.least = o.to_ticks ? std::max(*first, least / room) : least;
    scale.most = o.to_ticks ? std::min(*last, most * room) : most;
  }
  const bool powers_only = static_cast<size_t>(last - first) > 2 * o.ticks;
  const double decades = std::log10(*last / *first);
  const double every = std::max(1.0, std::ceil(decades / static_cast<double>(2 * o.ticks)));
  for (auto tick = first; tick <= last; ++tick) {
    const double exponent = std::round(std::log10(*tick));
    const bool power = std::abs(std::log10(*tick) - exponent) < 1e-6;
    if (*tick >= scale.least && *tick <= scale.most && (!powers_only || (power && std::fmod(exponent, every) == 0)))
      scale.ticks.push_back(*tick);
  }
  return scale;
}

}  // namespace

double Scale::share(double value) const {
  if (logarithmic) return std::log(value / least) / std::log(most / least);
  return (value - least) / (most - least);
}

Scale scale_of(double least, double most, const ScaleOptions& options) {
  return options.logarithmic ? logarithmic(least, most, options) : linear(least, most, options);
}

std::string tick_text(double value) {
  const double size = std::abs(value);
  if (size < 1e4 || size >= 1e15) return short_figure(value);
  for (const auto& [unit, name] : {std::pair{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}})
    if (size >= unit) return short_figure(value / unit) + name;
  return short_figure(value);
}

}  // namespace dl
