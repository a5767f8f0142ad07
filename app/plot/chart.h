// Curves on axes, before anything is drawn, and the two ways to draw them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/plot/canvas.h"
#include "app/plot/scale.h"

namespace dl {

// A point whose y is NaN is a gap.
struct ChartLine {
  std::string label;               // in the legend
  size_t hue = 0;                  // lines of one hue belong together
  bool faint = false;              // drawn behind the others
  std::vector<ChartPoint> points;  // in the order of x
};

// The lines are drawn into one pair of axes.
struct Panel {
  std::string title;
  std::vector<ChartLine> lines;
};

struct Chart {
  std::string title;
  std::string x_name;    // "steps"
  bool whole_x = false;  // x are whole numbers
  bool logarithmic = false;
  std::vector<Panel> panels;
};

struct Axes {
  Scale x, y;
};

// For all points of the panel that are no gaps, x over all panels. `ticks` are about as many as there is room for.
Axes axes_of(const Chart& chart, const Panel& panel, size_t x_ticks, size_t y_ticks);

// What is left of a line in a picture where `columns` places lie side by side: of those that fall together the first,
// the least, the greatest and the last.
std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, const Scale& x, size_t columns);

// The file's bytes. `make` is svg_canvas or png_canvas.
std::string picture_of(const Chart& chart, std::unique_ptr<Canvas> (*make)(double width, double height));

struct TerminalLook {
  size_t columns = 80;
  bool unicode = false;  // braille, else letters of ASCII
  bool colours = false;
  bool many_colours = false;  // the terminal has 256
};

// Lines of at most `columns`.
std::string terminal_picture_of(const Chart& chart, const TerminalLook& look);

}  // namespace dl
