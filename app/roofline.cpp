// Drawing the roofline.
#include "app/roofline.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "app/console/text.h"
#include "app/spent.h"
#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr double width = 1180, height = 640, left = 80, right = 700, top = 60, bottom = 570;
constexpr size_t most_listed = 18;

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string at(double v) { return number_text(std::round(10 * v) / 10); }

// A logarithmic axis from one power of ten to another.
struct Axis {
  double first, last, from, to;
  double operator()(double value) const { return from + (std::log10(value) - first) / (last - first) * (to - from); }
};

Axis axis(double least, double most, double from, double to) {
  return {std::floor(std::log10(least)), std::ceil(std::log10(most)), from, to};
}

class Drawing {
 public:
  void line(double x1, double y1, double x2, double y2, const char* style) {
    out_ +=
        concat("<line x1=\"", at(x1), "\" y1=\"", at(y1), "\" x2=\"", at(x2), "\" y2=\"", at(y2), "\" ", style, "/>\n");
  }
  void text(double x, double y, const std::string& words, const std::string& style = "") {
    out_ += concat("<text x=\"", at(x), "\" y=\"", at(y), "\" ", style, ">", escaped(words), "</text>\n");
  }
  void circle(double x, double y, double r, const char* fill, const std::string& told) {
    out_ += concat("<circle cx=\"", at(x), "\" cy=\"", at(y), "\" r=\"", at(r), "\" fill=\"", fill,
                   "\" fill-opacity=\"0.75\" stroke=\"black\"><title>", escaped(told), "</title></circle>\n");
  }
  std::string document() const {
    return concat(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", width,
        " ", height, "\" width=\"", width, "\" height=\"", height,
        "\" font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        out_, "</svg>\n");
  }

 private:
  std::string out_;
};

const char* fill_of(Phase phase) {
  switch (phase) {
    case Phase::forward: return "white";
    case Phase::backward: return "silver";
    case Phase::update: return "black";
  }
  return "white";
}

void axes(Drawing& d, const Axis& x, const Axis& y) {
  for (double e = x.first; e <= x.last; ++e) {
    const double value = std::pow(10, e);
    d.line(x(value), top, x(value), bottom, "stroke=\"gainsboro\"");
    d.text(x(value), bottom + 20, number_text(value), "text-anchor=\"middle\"");
  }
  for (double e = y.first; e <= y.last; ++e) {
    const double value = std::pow(10, e);
    d.line(left, y(value), right, y(value), "stroke=\"gainsboro\"");
    d.text(left - 8, y(value) + 4, short_count(value), "text-anchor=\"end\"");
  }
  d.text((left + right) / 2, bottom + 44, "FLOP a byte read or written", "text-anchor=\"middle\"");
  d.text(22, (top + bottom) / 2, "FLOP/s",
         concat("text-anchor=\"middle\" transform=\"rotate(-90 22 ", (top + bottom) / 2, ")\""));
}

void roofs(Drawing& d, const Axis& x, const Axis& y, const MachineLimits& limits) {
  const double peak = std::max(limits.f32_flops, limits.bf16_flops), last = std::pow(10, x.last);
  const auto ceiling = [&](double flops, const char* name) {
    const double begin = std::max(flops / limits.levels.front().bytes_per_s, std::pow(10, x.first));
    d.line(x(begin), y(flops), right, y(flops), "stroke=\"black\" stroke-width=\"2\"");
    d.text(right - 4, y(flops) - 6, concat(name, " ", rate(flops, "FLOP/s")), "text-anchor=\"end\"");
  };
  ceiling(limits.f32_flops, "f32");
  if (limits.bf16_flops > 1.05 * limits.f32_flops) ceiling(limits.bf16_flops, "bf16");
  const char* dashes[] = {"stroke=\"black\" stroke-dasharray=\"2 4\"", "stroke=\"black\" stroke-dasharray=\"8 4\"",
                          "stroke=\"black\" stroke-width=\"2\""};
  for (size_t i = 0; i < limits.levels.size(); ++i) {
    const MemoryLevel& level = limits.levels[i];
    // From where the line enters the picture to the highest roof.
    const double begin = std::max(std::pow(10, x.first), std::pow(10, y.first) / level.bytes_per_s);
    const double end = std::min(last, peak / level.bytes_per_s);
    d.line(x(begin), y(begin * level.bytes_per_s), x(end), y(end * level.bytes_per_s),
           dashes[std::min<size_t>(2, i + 3 - limits.levels.size())]);
    const double slope = std::atan2(y(end * level.bytes_per_s) - y(begin * level.bytes_per_s), x(end) - x(begin));
    // Beside the line, 6 above it.
    const double tx = x(begin) + 12 * std::cos(slope) + 6 * std::sin(slope),
                 ty = y(begin * level.bytes_per_s) + 12 * std::sin(slope) - 6 * std::cos(slope);
    d.text(tx, ty, concat(level.name, " ", rate(level.bytes_per_s, "B/s")),
           concat("font-size=\"11\" transform=\"rotate(", at(slope * 180 / M_PI), " ", at(tx), " ", at(ty), ")\""));
  }
}

// Kernels that do the same on the same shapes, as one.
struct Dot {
  Program::Step first;
  int calls = 0;
  double seconds = 0;
  double intensity() const { return first.cost.flops / first.cost.bytes; }
  double flops_per_s() const { return first.cost.flops * calls / seconds; }
};

// What takes less than this share of a step is not drawn.
constexpr double least_share = 0.001;

std::vector<Dot> dots_of(const std::vector<Program::Step>& kernels, double step_s) {
  std::map<std::string, Dot> by_kind;
  for (const Program::Step& k : kernels) {
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

std::string roofline_svg(const std::string& title, const MachineLimits& limits,
                         const std::vector<Program::Step>& kernels) {
  double step_s = 0, drawn_s = 0, least_x = 0.1, most_x = 100, least_y = 1e9;
  for (const Program::Step& k : kernels) step_s += k.seconds;
  const std::vector<Dot> dots = dots_of(kernels, step_s);
  for (const Dot& dot : dots) {
    drawn_s += dot.seconds;
    least_x = std::min(least_x, dot.intensity());
    most_x = std::max(most_x, dot.intensity());
    least_y = std::min(least_y, dot.flops_per_s());
  }
  const Axis x = axis(least_x, most_x, left, right),
             y = axis(least_y, std::max(limits.f32_flops, limits.bf16_flops), bottom, top);
  Drawing d;
  d.text(left, 32, title, "font-size=\"17\"");
  axes(d, x, y);
  roofs(d, x, y, limits);
  for (const Dot& dot : dots) {
    d.circle(x(dot.intensity()), y(dot.flops_per_s()), radius(dot, step_s), fill_of(dot.first.phase),
             concat(label(dot), ", ", name_of(dot.first.phase), ", ", seconds_text(dot.seconds)));
  }
  const double list = right + 30;
  double row = top;
  for (const Phase phase : {Phase::forward, Phase::backward, Phase::update}) {
    d.circle(list + 7, row - 4, 6, fill_of(phase), name_of(phase));
    d.text(list + 20, row, name_of(phase));
    row += 20;
  }
  row += 16;
  for (size_t i = 0; i < std::min(dots.size(), most_listed); ++i, row += 22) {
    const Dot& dot = dots[i];
    const std::string number = std::to_string(i + 1);
    const double r = radius(dot, step_s);
    const bool inside = r > 8;
    d.text(x(dot.intensity()) + (inside ? 0 : r + 2), y(dot.flops_per_s()) + 4, number,
           concat("text-anchor=\"", inside ? "middle" : "start", "\" font-size=\"11\" font-weight=\"bold\" fill=\"",
                  inside && dot.first.phase == Phase::update ? "white" : "black", "\""));
    d.text(list + 16, row, number, "text-anchor=\"end\"");
    d.text(list + 68, row, percent(dot.seconds / step_s), "text-anchor=\"end\"");
    d.text(list + 80, row, label(dot), "font-size=\"12\"");
  }
  d.text(list, row + 12,
         concat("not drawn, too short or without FLOPs: ", percent(1 - drawn_s / step_s), " of the kernels' time"),
         "font-size=\"11\"");
  return d.document();
}

}  // namespace dl
