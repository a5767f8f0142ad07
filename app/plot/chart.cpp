// What both ways of drawing a chart need.
// SPDX-License-Identifier: Apache-2.0
#include "app/plot/chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dl {
namespace {

struct Extent {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  void add(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  bool empty() const { return least > most; }
};

}  // namespace

Axes axes_of(const Chart& chart, const Panel& panel, size_t x_ticks, size_t y_ticks) {
  Extent x, y;
  for (const Panel& each : chart.panels)
    for (const ChartLine& line : each.lines)
      for (const ChartPoint& p : line.points) {
        if (std::isnan(p.y)) continue;
        x.add(p.x);
        if (&each == &panel) y.add(p.y);
      }
  if (x.empty()) x.add(0);
  if (y.empty()) y.add(chart.logarithmic ? 1 : 0);
  if (x.least > 0 && x.least < 0.2 * x.most) x.least = 0;  // where training began
  return {.x = scale_of(x.least, x.most, {.ticks = x_ticks, .whole = chart.whole_x, .to_ticks = x.least == x.most}),
          .y = scale_of(y.least, y.most, {.ticks = y_ticks, .logarithmic = chart.logarithmic})};
}

std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, const Scale& x, size_t columns) {
  if (points.size() <= 4 * columns) return points;
  std::vector<ChartPoint> kept;
  const auto place = [&](const ChartPoint& p) { return std::floor(x.share(p.x) * static_cast<double>(columns)); };
  for (size_t begin = 0; begin < points.size();) {
    size_t end = begin, least = begin, most = begin;
    for (; end < points.size() && place(points[end]) == place(points[begin]); ++end) {
      if (std::isnan(points[end].y) != std::isnan(points[begin].y)) break;
      if (points[end].y < points[least].y) least = end;
      if (points[end].y > points[most].y) most = end;
    }
    std::vector<size_t> chosen{begin, std::min(least, most), std::max(least, most), end - 1};
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    for (const size_t i : chosen) kept.push_back(points[i]);
    begin = end;
  }
  return kept;
}

}  // namespace dl
