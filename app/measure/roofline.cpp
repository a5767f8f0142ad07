// Drawing the roofline.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/roofline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "app/console/text.h"
#include "app/measure/spent.h"
#include "app/plot/canvas.h"
#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr double width = 1180, height = 640, plot_left = 80, plot_right = 700, plot_top = 60, plot_bottom = 570;
constexpr size_t most_listed = 18;
constexpr const char *black = "#000000", *grid_grey = "#dcdcdc";

// A logarithmic axis from one power of ten to another.
struct Axis {
  double first, last, from, to;
  double operator()(double value) const { return from + (std::log10(value) - first) / (last - first) * (to - from); }
};

Axis axis(double least, double most, double from, double to) {
  return {std::floor(std::log10(least)), std::ceil(std::log10(most)), from, to};
}

const char* fill_of(Phase phase) {
  switch (phase) {
    case Phase::forward: return "#ffffff";
    case Phase::backward: return "#c0c0c0";
    case Phase::update: return black;
  }
  return black;
}

void segment(Canvas& d, ChartPoint from, ChartPoint to, const Stroke& stroke) { d.line(std::array{from, to}, stroke); }

TextStyle style(Anchor anchor, double size = 13) { return {.size = size, .colour = black, .anchor = anchor}; }

void axes(Canvas& d, const Axis& x, const Axis& y) {
  for (double e = x.first; e <= x.last; ++e) {
    const double value = std::pow(10, e);
    segment(d, {x(value), plot_top}, {x(value), plot_bottom}, {.colour = grid_grey});
    d.text({x(value), plot_bottom + 20}, number_text(value), style(Anchor::middle));
  }
  for (double e = y.first; e <= y.last; ++e) {
    const double value = std::pow(10, e);
    segment(d, {plot_left, y(value)}, {plot_right, y(value)}, {.colour = grid_grey});
    d.text({plot_left - 8, y(value) + 4}, short_count(value), style(Anchor::end));
  }
  d.text({(plot_left + plot_right) / 2, plot_bottom + 44}, "FLOP a byte read or written", style(Anchor::middle));
  TextStyle upwards = style(Anchor::middle);
  upwards.degrees = -90;
  d.text({22, (plot_top + plot_bottom) / 2}, "FLOP/s", upwards);
}

void roofs(Canvas& d, const Axis& x, const Axis& y, const DeviceLimits& limits) {
  const double peak = std::max(limits.f32_flops, limits.bf16_flops), last = std::pow(10, x.last);
  const auto ceiling = [&](double flops, const char* name) {
    const double begin = std::max(flops / limits.levels.front().bytes_per_s, std::pow(10, x.first));
    segment(d, {x(begin), y(flops)}, {plot_right, y(flops)}, {.width = 2});
    d.text({plot_right - 4, y(flops) - 6}, concat(name, " ", rate(flops, "FLOP/s")), style(Anchor::end));
  };
  ceiling(limits.f32_flops, "f32");
  if (limits.bf16_flops > 1.05 * limits.f32_flops) ceiling(limits.bf16_flops, "bf16");
  const Stroke strokes[] = {{.dashes = {2, 4}}, {.dashes = {8, 4}}, {.width = 2}};
  for (size_t i = 0; i < limits.levels.size(); ++i) {
    const MemoryLevel& level = limits.levels[i];
    // From where the line enters the picture to the highest roof.
    const double begin = std::max(std::pow(10, x.first), std::pow(10, y.first) / level.bytes_per_s);
    const double end = std::min(last, peak / level.bytes_per_s);
    const ChartPoint from{x(begin), y(begin * level.bytes_per_s)}, to{x(end), y(end * level.bytes_per_s)};
    segment(d, from, to, strokes[std::min<size_t>(2, i + 3 - limits.levels.size())]);
    const double slope = std::atan2(to.y - from.y, to.x - from.x);
    TextStyle along = style(Anchor::start, 11);
    along.degrees = slope * 180 / M_PI;
    // Beside the line, 6 above it.
    d.text({from.x + 12 * std::cos(slope) + 6 * std::sin(slope), from.y + 12 * std::sin(slope) - 6 * std::cos(slope)},
           concat(level.name, " ", rate(level.bytes_per_s, "B/s")), along);
  }
}

// Kernels that do the same on the same shapes, as one.
struct Dot {
  Program::KernelCall first;
  int calls = 0;
  double seconds = 0;
  double intensity() const { return first.cost.flops / first.cost.bytes; }
  double flops_per_s() const { return first.cost.flops * calls / seconds; }
};

// What takes less than this share of a step is not drawn.
constexpr double least_share = 0.001;

std::vector<Dot> dots_of(const std::vector<Program::KernelCall>& kernels, double step_s) {
  std::map<std::string, Dot> by_kind;
  for (const Program::KernelCall& k : kernels) {
    if (k.cost.flops <= 0 || k.cost.bytes <= 0 || k.seconds <= 0) continue;
    std::string kind = concat(k.op, k.attributes, name_of(k.phase));
    for (const Type& type : k.inputs) kind += " " + type.shape.text();
    Dot& dot = by_kind[kind];
    if (dot.calls++ == 0) dot.first = k;
    dot.seconds += k.seconds;
  }
  std::vector<Dot> dots;
  for (const auto& [kind, dot] : by_kind)
    if (dot.seconds >= least_share * step_s) dots.push_back(dot);
  std::stable_sort(dots.begin(), dots.end(), [](const Dot& a, const Dot& b) { return a.seconds > b.seconds; });
  return dots;
}

double radius(const Dot& dot, double step_s) { return std::max(3.0, 40 * std::sqrt(dot.seconds / step_s)); }

std::string label(const Dot& dot) {
  return concat(kernel_name(dot.first), dot.calls > 1 ? concat(" ×", dot.calls) : "", "  ",
                dot.first.outputs[0].shape.text(), "  ", shortened(layer_name(dot.first), 24),
                dot.calls > 1 ? " …" : "");
}

}  // namespace

std::string roofline_svg(const std::string& title, const DeviceLimits& limits,
                         const std::vector<Program::KernelCall>& kernels) {
  double step_s = 0, drawn_s = 0, least_x = 0.1, most_x = 100, least_y = 1e9;
  for (const Program::KernelCall& k : kernels) step_s += k.seconds;
  const std::vector<Dot> dots = dots_of(kernels, step_s);
  for (const Dot& dot : dots) {
    drawn_s += dot.seconds;
    least_x = std::min(least_x, dot.intensity());
    most_x = std::max(most_x, dot.intensity());
    least_y = std::min(least_y, dot.flops_per_s());
  }
  const Axis x = axis(least_x, most_x, plot_left, plot_right),
             y = axis(least_y, std::max(limits.f32_flops, limits.bf16_flops), plot_bottom, plot_top);
  const std::unique_ptr<Canvas> canvas = svg_canvas(width, height);
  Canvas& d = *canvas;
  const auto circle = [&](double cx, double cy, double r, Phase phase, const std::string& tooltip) {
    d.circle({cx, cy}, r, {.colour = fill_of(phase), .opacity = 0.75}, {}, tooltip);
  };
  d.text({plot_left, 32}, title, style(Anchor::start, 17));
  axes(d, x, y);
  roofs(d, x, y, limits);
  for (const Dot& dot : dots)
    circle(x(dot.intensity()), y(dot.flops_per_s()), radius(dot, step_s), dot.first.phase,
           concat(label(dot), ", ", name_of(dot.first.phase), ", ", seconds_text(dot.seconds)));
  const double list = plot_right + 30;
  double row = plot_top;
  for (const Phase phase : {Phase::forward, Phase::backward, Phase::update}) {
    circle(list + 7, row - 4, 6, phase, name_of(phase));
    d.text({list + 20, row}, name_of(phase), style(Anchor::start));
    row += 20;
  }
  row += 16;
  for (size_t i = 0; i < std::min(dots.size(), most_listed); ++i, row += 22) {
    const Dot& dot = dots[i];
    const std::string number = std::to_string(i + 1);
    const double r = radius(dot, step_s);
    const bool inside = r > 8;
    d.text({x(dot.intensity()) + (inside ? 0 : r + 2), y(dot.flops_per_s()) + 4}, number,
           {.size = 11,
            .colour = inside && dot.first.phase == Phase::update ? "#ffffff" : black,
            .anchor = inside ? Anchor::middle : Anchor::start,
            .bold = true});
    d.text({list + 16, row}, number, style(Anchor::end));
    d.text({list + 68, row}, percent(dot.seconds / step_s), style(Anchor::end));
    d.text({list + 80, row}, label(dot), style(Anchor::start, 12));
  }
  d.text({list, row + 12},
         concat("not drawn, too short or without FLOPs: ", percent(1 - drawn_s / step_s), " of the kernels' time"),
         style(Anchor::start, 11));
  return d.document();
}

}  // namespace dl
