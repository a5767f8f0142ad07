// A chart as a picture: one panel, or two side by side, a legend above.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "app/plot/chart.h"
#include "lib/base/error.h"

namespace dl {
namespace {

// Told apart with every kind of colour blindness, and when printed in grey (Okabe and Ito, 2008).
constexpr std::array hues{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"};
constexpr const char *ink = "#333333", *faint_ink = "#666666", *grid = "#e4e4e4", *axis_colour = "#888888";

constexpr double margin = 24, left = 58, right = 20, top = 34, bottom = 46;  // of a panel, around its axes
constexpr double legend_row = 22;
constexpr size_t few_points = 40;  // these are marked each

struct Area {
  double x, y, width, height;
};

Stroke stroke_of(const ChartLine& line) {
  return {.colour = hues[line.hue % hues.size()], .width = line.faint ? 1.2 : 2.2, .opacity = line.faint ? 0.55 : 1};
}

void draw_axes(Canvas& canvas, const Area& box, const Axes& axes, const std::string& x_name) {
  for (const double tick : axes.y.ticks) {
    const double y = box.y + box.height * (1 - axes.y.share(tick));
    canvas.line(std::array{ChartPoint{box.x, y}, ChartPoint{box.x + box.width, y}}, {.colour = grid});
    canvas.text({box.x - 8, y + 4}, tick_text(tick), {.size = 12, .colour = faint_ink, .anchor = Anchor::end});
  }
  const double base = box.y + box.height;
  canvas.line(std::array{ChartPoint{box.x, base}, ChartPoint{box.x + box.width, base}}, {.colour = axis_colour});
  for (const double tick : axes.x.ticks) {
    const double x = box.x + box.width * axes.x.share(tick);
    canvas.line(std::array{ChartPoint{x, base}, ChartPoint{x, base + 5}}, {.colour = axis_colour});
    canvas.text({x, base + 19}, tick_text(tick), {.size = 12, .colour = faint_ink, .anchor = Anchor::middle});
  }
  canvas.text({box.x + box.width / 2, base + 38}, x_name, {.size = 12, .colour = faint_ink, .anchor = Anchor::middle});
}

void draw_line(Canvas& canvas, const Area& box, const Axes& axes, const ChartLine& line) {
  const Stroke stroke = stroke_of(line);
  const auto draw = [&](const std::vector<ChartPoint>& part) {
    if (part.size() > 1) canvas.line(part, stroke);
    if (part.size() == 1 || line.points.size() <= few_points)
      for (const ChartPoint& p : part)
        canvas.circle(p, line.faint ? 2 : 3, {.colour = stroke.colour, .opacity = stroke.opacity}, {.width = 0});
  };
  std::vector<ChartPoint> part;
  for (const ChartPoint& p : thinned(line.points, axes.x, static_cast<size_t>(box.width))) {
    if (std::isnan(p.y)) {
      draw(part);
      part.clear();
    } else {
      part.push_back({box.x + box.width * axes.x.share(p.x), box.y + box.height * (1 - axes.y.share(p.y))});
    }
  }
  draw(part);
}

struct Entry {
  const ChartLine* line;
  double x, y;
};

// Every label of the panel, in columns of one width; those of training and validation stand beside each other.
std::vector<Entry> legend_of(const Panel& panel, double width) {
  double longest = 0;
  for (const ChartLine& line : panel.lines) longest = std::max(longest, text_width(line.label, 12));
  const double column = 30 + longest + 14;
  auto columns = static_cast<size_t>(std::max(1.0, std::floor(width / column)));
  if (columns > 1 && std::ranges::any_of(panel.lines, &ChartLine::faint)) columns -= columns % 2;
  std::vector<Entry> entries;
  for (size_t i = 0; i < panel.lines.size(); ++i)
    entries.push_back(
        {&panel.lines[i], static_cast<double>(i % columns) * column, static_cast<double>(i / columns) * legend_row});
  return entries;
}

void draw_panel(Canvas& canvas, const Chart& chart, const Panel& panel, const Area& cell, double legend_height) {
  canvas.text({cell.x + left, cell.y + 14}, panel.title, {.size = 14, .colour = ink, .bold = true});
  for (const Entry& entry : legend_of(panel, cell.width - left - right)) {
    const double x = cell.x + left + entry.x, y = cell.y + top + entry.y;
    canvas.line(std::array{ChartPoint{x, y - 4}, ChartPoint{x + 22, y - 4}}, stroke_of(*entry.line));
    canvas.text({x + 30, y}, entry.line->label, {.size = 12, .colour = ink});
  }
  const Area box{cell.x + left, cell.y + top + legend_height, cell.width - left - right,
                 cell.height - top - legend_height - bottom};
  const Axes axes = axes_of(chart, panel, static_cast<size_t>(box.width / 80), static_cast<size_t>(box.height / 45));
  draw_axes(canvas, box, axes, chart.x_name);
  for (const bool faint : {true, false})
    for (const ChartLine& line : panel.lines)
      if (line.faint == faint) draw_line(canvas, box, axes, line);
}

}  // namespace

std::string picture_of(const Chart& chart, std::unique_ptr<Canvas> (*make)(double, double)) {
  const bool alone = chart.panels.size() == 1;
  const size_t across = alone ? 1 : 2, down = (chart.panels.size() + across - 1) / across;
  const double cell_width = alone ? 720 : 520;
  // Room for the legend with the most rows.
  double legend_height = 0;
  for (const Panel& panel : chart.panels)
    legend_height = std::max(legend_height, legend_row + legend_of(panel, cell_width - left - right).back().y);
  const double cell_height = (alone ? 400 : 320) + legend_height;
  const double title_height = chart.title.empty() ? 0 : 34;
  const double width = 2 * margin + static_cast<double>(across) * cell_width;
  const double height = 2 * margin + title_height + static_cast<double>(down) * cell_height;
  const std::unique_ptr<Canvas> canvas = make(width, height);
  if (!chart.title.empty())
    canvas->text({margin + left, margin + 14}, chart.title, {.size = 18, .colour = ink, .bold = true});
  for (size_t i = 0; i < chart.panels.size(); ++i)
    draw_panel(*canvas, chart, chart.panels[i],
               {margin + static_cast<double>(i % across) * cell_width,
                margin + title_height + static_cast<double>(i / across) * cell_height, cell_width, cell_height},
               legend_height);
  return canvas->document();
}

}  // namespace dl
