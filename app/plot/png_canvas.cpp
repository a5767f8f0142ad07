// PNG by libcairo (https://www.cairographics.org), which is loaded when the first picture is drawn and never linked: a
// machine without it trains all the same. The declarations are those of its stable interface, version 1.
// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <cmath>
#include <cstdlib>

#include "app/plot/canvas.h"
#include "lib/base/error.h"

namespace dl {
namespace {

struct Surface;
struct Drawing;
struct TextExtents {
  double x_bearing, y_bearing, width, height, x_advance, y_advance;
};

constexpr const char* library_name = "libcairo.so.2";
constexpr int format_rgb24 = 1, slant_normal = 0, weight_normal = 0, weight_bold = 1, round_cap = 1, round_join = 1,
              success = 0;
constexpr double pixels = 2;  // a length

struct Cairo {
  Surface* (*image_surface_create)(int format, int width, int height) = nullptr;
  int (*surface_status)(Surface*) = nullptr;
  int (*surface_write_to_png_stream)(Surface*, int (*)(void*, const unsigned char*, unsigned), void*) = nullptr;
  void (*surface_destroy)(Surface*) = nullptr;
  Drawing* (*create)(Surface*) = nullptr;
  void (*destroy)(Drawing*) = nullptr;
  void (*scale)(Drawing*, double, double) = nullptr;
  void (*save)(Drawing*) = nullptr;
  void (*restore)(Drawing*) = nullptr;
  void (*translate)(Drawing*, double, double) = nullptr;
  void (*rotate)(Drawing*, double) = nullptr;
  void (*set_source_rgba)(Drawing*, double, double, double, double) = nullptr;
  void (*set_line_width)(Drawing*, double) = nullptr;
  void (*set_line_cap)(Drawing*, int) = nullptr;
  void (*set_line_join)(Drawing*, int) = nullptr;
  void (*set_dash)(Drawing*, const double*, int, double) = nullptr;
  void (*paint)(Drawing*) = nullptr;
  void (*move_to)(Drawing*, double, double) = nullptr;
  void (*line_to)(Drawing*, double, double) = nullptr;
  void (*new_path)(Drawing*) = nullptr;
  void (*arc)(Drawing*, double, double, double, double, double) = nullptr;
  void (*stroke)(Drawing*) = nullptr;
  void (*fill_preserve)(Drawing*) = nullptr;
  void (*select_font_face)(Drawing*, const char*, int, int) = nullptr;
  void (*set_font_size)(Drawing*, double) = nullptr;
  void (*text_extents)(Drawing*, const char*, TextExtents*) = nullptr;
  void (*show_text)(Drawing*, const char*) = nullptr;

  static const Cairo& loaded();

 private:
  Cairo();
  template <class Function>
  void find(void* library, const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(dlsym(library, name));
    if (function == nullptr) refuse(concat(library_name, " has no ", name));
  }
  [[noreturn]] static void refuse(const std::string& why) {
    throw Error(Exit::failed, Problem{.what = "PNG pictures are drawn by libcairo: " + why,
                                      .help = "install it (on Debian: apt install libcairo2), or write an .svg file"});
  }
};

const Cairo& Cairo::loaded() {
  static const Cairo cairo;
  return cairo;
}

Cairo::Cairo() {
  void* library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) refuse(dlerror());
  find(library, "cairo_image_surface_create", image_surface_create);
  find(library, "cairo_surface_status", surface_status);
  find(library, "cairo_surface_write_to_png_stream", surface_write_to_png_stream);
  find(library, "cairo_surface_destroy", surface_destroy);
  find(library, "cairo_create", create);
  find(library, "cairo_destroy", destroy);
  find(library, "cairo_scale", scale);
  find(library, "cairo_save", save);
  find(library, "cairo_restore", restore);
  find(library, "cairo_translate", translate);
  find(library, "cairo_rotate", rotate);
  find(library, "cairo_set_source_rgba", set_source_rgba);
  find(library, "cairo_set_line_width", set_line_width);
  find(library, "cairo_set_line_cap", set_line_cap);
  find(library, "cairo_set_line_join", set_line_join);
  find(library, "cairo_set_dash", set_dash);
  find(library, "cairo_paint", paint);
  find(library, "cairo_move_to", move_to);
  find(library, "cairo_line_to", line_to);
  find(library, "cairo_new_path", new_path);
  find(library, "cairo_arc", arc);
  find(library, "cairo_stroke", stroke);
  find(library, "cairo_fill_preserve", fill_preserve);
  find(library, "cairo_select_font_face", select_font_face);
  find(library, "cairo_set_font_size", set_font_size);
  find(library, "cairo_text_extents", text_extents);
  find(library, "cairo_show_text", show_text);
}

class PngCanvas final : public Canvas {
 public:
  PngCanvas(double width, double height)
      : surface_(cairo_.image_surface_create(format_rgb24, static_cast<int>(width * pixels),
                                             static_cast<int>(height * pixels))),
        drawing_(cairo_.create(surface_)) {
    cairo_.scale(drawing_, pixels, pixels);
    cairo_.set_source_rgba(drawing_, 1, 1, 1, 1);
    cairo_.paint(drawing_);
    cairo_.set_line_join(drawing_, round_join);
  }
  ~PngCanvas() override {
    cairo_.destroy(drawing_);
    cairo_.surface_destroy(surface_);
  }
  PngCanvas(const PngCanvas&) = delete;
  PngCanvas& operator=(const PngCanvas&) = delete;

  void line(std::span<const ChartPoint> points, const Stroke& stroke) override {
    cairo_.new_path(drawing_);
    cairo_.set_line_cap(drawing_, points.size() == 2 ? 0 : round_cap);
    for (const ChartPoint& p : points) cairo_.line_to(drawing_, p.x, p.y);
    draw(stroke);
  }

  void circle(ChartPoint centre, double radius, const Fill& fill, const Stroke& stroke, const std::string&) override {
    cairo_.new_path(drawing_);
    cairo_.arc(drawing_, centre.x, centre.y, radius, 0, 2 * M_PI);
    colour(fill.colour, fill.opacity);
    cairo_.fill_preserve(drawing_);
    draw(stroke);
  }

  void text(ChartPoint at, const std::string& words, const TextStyle& style) override {
    cairo_.select_font_face(drawing_, "sans-serif", slant_normal, style.bold ? weight_bold : weight_normal);
    cairo_.set_font_size(drawing_, style.size);
    TextExtents size{};
    cairo_.text_extents(drawing_, words.c_str(), &size);
    const double share = style.anchor == Anchor::start ? 0 : style.anchor == Anchor::middle ? 0.5 : 1;
    cairo_.save(drawing_);
    cairo_.translate(drawing_, at.x, at.y);
    cairo_.rotate(drawing_, style.degrees * M_PI / 180);
    cairo_.move_to(drawing_, -share * size.x_advance, 0);
    colour(style.colour, 1);
    cairo_.show_text(drawing_, words.c_str());
    cairo_.restore(drawing_);
  }

  std::string document() override {
    std::string bytes;
    const auto append = [](void* into, const unsigned char* data, unsigned length) {
      static_cast<std::string*>(into)->append(reinterpret_cast<const char*>(data), length);
      return success;
    };
    const int status = cairo_.surface_status(surface_);
    if (status != success || cairo_.surface_write_to_png_stream(surface_, append, &bytes) != success)
      throw Error(Exit::failed, Problem{.what = concat("libcairo could not draw the picture (its status ", status, ")"),
                                        .help = "write an .svg file"});
    return bytes;
  }

 private:
  void colour(const std::string& rgb, double opacity) {
    const auto part = [&](size_t i) { return std::strtol(rgb.substr(1 + 2 * i, 2).c_str(), nullptr, 16) / 255.0; };
    cairo_.set_source_rgba(drawing_, part(0), part(1), part(2), opacity);
  }

  void draw(const Stroke& stroke) {
    if (stroke.width <= 0) return cairo_.new_path(drawing_);
    colour(stroke.colour, stroke.opacity);
    cairo_.set_line_width(drawing_, stroke.width);
    cairo_.set_dash(drawing_, stroke.dashes.data(), static_cast<int>(stroke.dashes.size()), 0);
    cairo_.stroke(drawing_);
  }

  const Cairo& cairo_ = Cairo::loaded();
  Surface* surface_;
  Drawing* drawing_;
};

}  // namespace

std::unique_ptr<Canvas> png_canvas(double width, double height) { return std::make_unique<PngCanvas>(width, height); }

}  // namespace dl
