// Images whose places are moved: turned, stretched, tilted, wobbled.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "lib/data/image/image_type.h"

namespace dl {

struct Point {
  double x = 0, y = 0;
};

// Where an image's pixels are taken from: pixel (x, y), counted from 0, from
// ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1)). In the order a … h.
using Places = std::array<double, 8>;

struct WarpOptions {
  bool bilinear = false;  // of the four around a place, unless they are i32; else the nearest, or the even one
  std::span<const float> fill = {};  // what lies outside: a value for all channels or one each; empty: 0
};

// All of u8, f32 or i32 [h, w, c] into the same. As torchvision's grid_sample, of bytes by weights of 1/2048.
void warp(const std::byte* in, DType dtype, const ImageType& type, const Places& places, const WarpOptions& options,
          std::byte* out);

// Pixel (x, y) from (x + dx[y w + x], y + dy[y w + x]).
void displace(const std::byte* in, DType dtype, const ImageType& type, const float* dx, const float* dy,
              const WarpOptions& options, std::byte* out);

// Where points of the image, in pixels from its left upper corner (half a pixel from the middle of the first), lie in
// the warped one.
void move_points(const Places& places, std::span<Point> points);

// An affine map as torchvision's affine has it: turned clockwise by degrees, sheared, stretched, moved to the right and
// down by pixels, around (center_x, center_y) from the left upper corner. Its inverse, which warp() takes.
struct AffineMap {
  double angle = 0, scale = 1, move_x = 0, move_y = 0, shear_x = 0, shear_y = 0;
};
Places places_of(const AffineMap& map, double center_x, double center_y);

// The places of an image of which `from` are to lie at `to`: four corners (x, y) each.
using Corners = std::array<std::array<double, 2>, 4>;
Places places_of(const Corners& from, const Corners& to);

}  // namespace dl
