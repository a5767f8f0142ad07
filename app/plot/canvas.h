// What pictures are drawn on. Lengths are in CSS pixels, y grows downwards, colours are "#rrggbb".
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace dl {

struct ChartPoint {
  double x = 0, y = 0;
};

struct Stroke {
  std::string colour = "#000000";
  double width = 1;
  double opacity = 1;
  std::vector<double> dashes;  // lengths of line and gap; none: a whole line
};

struct Fill {
  std::string colour = "#000000";
  double opacity = 1;
};

enum class Anchor { start, middle, end };

struct TextStyle {
  double size = 13;
  std::string colour = "#333333";
  Anchor anchor = Anchor::start;
  bool bold = false;
  double degrees = 0;  // turned around its anchor, clockwise
};

class Canvas {
 public:
  virtual ~Canvas() = default;
  virtual void line(std::span<const ChartPoint> points, const Stroke& stroke) = 0;
  // `tooltip` is shown where the pointer rests, in formats that can.
  virtual void circle(ChartPoint centre, double radius, const Fill& fill, const Stroke& stroke,
                      const std::string& tooltip = {}) = 0;
  // `at` is on the baseline.
  virtual void text(ChartPoint at, const std::string& words, const TextStyle& style = {}) = 0;
  virtual std::string document() = 0;  // the file's bytes
};

// White, of these sizes.
std::unique_ptr<Canvas> svg_canvas(double width, double height);
// The same at two pixels a length, by libcairo, which is loaded here; where it is not installed, an
// Error(Exit::failed) that says so.
std::unique_ptr<Canvas> png_canvas(double width, double height);

// About how long words of this size are.
double text_width(const std::string& words, double size);

}  // namespace dl
