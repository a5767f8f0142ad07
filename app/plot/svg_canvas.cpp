// SVG 1.1, readable in any browser, without a library.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "app/console/text.h"
#include "app/plot/canvas.h"
#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

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
    else if (static_cast<unsigned char>(c) >= ' ')
      out += c;
  }
  return valid_utf8(out) ? out : "?";
}

std::string at(double v) { return number_text(std::round(10 * v) / 10); }

std::string attributes(const Stroke& stroke) {
  if (stroke.width <= 0) return {};
  std::string text = concat(" stroke=\"", stroke.colour, "\" stroke-width=\"", stroke.width, "\"");
  if (stroke.opacity < 1) text += concat(" stroke-opacity=\"", stroke.opacity, "\"");
  if (!stroke.dashes.empty()) {
    text += " stroke-dasharray=\"";
    for (const double length : stroke.dashes) text += concat(text.back() == '"' ? "" : " ", length);
    text += "\"";
  }
  return text;
}

class SvgCanvas final : public Canvas {
 public:
  SvgCanvas(double width, double height)
      : out_(concat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                    "viewBox=\"0 0 ",
                    width, " ", height, "\" width=\"", width, "\" height=\"", height,
                    "\" font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n")) {}

  void line(std::span<const ChartPoint> points, const Stroke& stroke) override {
    if (points.size() == 2) {
      out_ += concat("<line x1=\"", at(points[0].x), "\" y1=\"", at(points[0].y), "\" x2=\"", at(points[1].x),
                     "\" y2=\"", at(points[1].y), "\"", attributes(stroke), "/>\n");
      return;
    }
    out_ += concat("<polyline fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\"", attributes(stroke),
                   " points=\"");
    for (const ChartPoint& p : points) out_ += concat(&p == points.data() ? "" : " ", at(p.x), ",", at(p.y));
    out_ += "\"/>\n";
  }

  void circle(ChartPoint centre, double radius, const Fill& fill, const Stroke& stroke,
              const std::string& tooltip) override {
    out_ += concat("<circle cx=\"", at(centre.x), "\" cy=\"", at(centre.y), "\" r=\"", at(radius), "\" fill=\"",
                   fill.colour, "\"");
    if (fill.opacity < 1) out_ += concat(" fill-opacity=\"", fill.opacity, "\"");
    out_ += attributes(stroke) + (tooltip.empty() ? "/>\n" : "><title>" + escaped(tooltip) + "</title></circle>\n");
  }

  void text(ChartPoint point, const std::string& words, const TextStyle& style) override {
    const char* anchor = style.anchor == Anchor::start ? "start" : style.anchor == Anchor::middle ? "middle" : "end";
    out_ += concat("<text x=\"", at(point.x), "\" y=\"", at(point.y), "\" font-size=\"", style.size, "\" fill=\"",
                   style.colour, "\" text-anchor=\"", anchor, "\"", style.bold ? " font-weight=\"bold\"" : "");
    if (style.degrees != 0)
      out_ += concat(" transform=\"rotate(", at(style.degrees), " ", at(point.x), " ", at(point.y), ")\"");
    out_ += ">" + escaped(words) + "</text>\n";
  }

  std::string document() override { return out_ + "</svg>\n"; }

 private:
  std::string out_;
};

}  // namespace

std::unique_ptr<Canvas> svg_canvas(double width, double height) { return std::make_unique<SvgCanvas>(width, height); }

double text_width(const std::string& words, double size) {
  return 0.56 * size * static_cast<double>(display_width(words));
}

}  // namespace dl
