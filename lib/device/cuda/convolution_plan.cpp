// Which kernel makes a convolution, in blocks of which size, with which numbers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/convolution_plan.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "lib/base/division.h"
#include "lib/base/error.h"

namespace dl::cuda {
namespace {

constexpr int64_t fair_blocks = 264;                // two for each multiprocessor of the GPUs that are meant
constexpr int64_t most_places = 1 << 30;            // along an axis, padding included
constexpr int64_t least_piece_slabs = 16;           // of a weight's gradient: shorter ones are all beginning and end
constexpr double least_library_products = 1 << 24;  // what an H100 makes in f32 while a kernel begins
constexpr int64_t bytes_at_once = 16;               // of an access of memory

// A size that no memory holds is never run.
int to_int(int64_t n) { return static_cast<int>(std::min<int64_t>(n, std::numeric_limits<int>::max())); }

int64_t places_of(const Shape& shape) {
  int64_t places = shape[0];
  for (int axis = 1; axis + 1 < shape.rank(); ++axis) places *= shape[axis];
  return places;
}

// The axes of y's places over x's, or for the gradient of x the other way round, the last of them last.
void set_axes(WindowAxis (&axes)[3], const ConvolutionShapes& s, bool gradient) {
  const Window& w = s.window;
  for (int i = 0; i < w.rank; ++i) {
    const size_t from = static_cast<size_t>(i);
    const int64_t x = s.x[i + 1], y = s.y[i + 1], reach = w.dilation[from] * w.size[from];
    if (std::max({x, y, w.pad_before[from], w.stride[from], w.dilation[from], reach}) >= most_places) {
      throw Error(Exit::usage, Problem{.what = concat("a convolution with the window ", w.text(), " over ", s.x.text(),
                                                      " counts more than ", most_places, " places along an axis"),
                                       .help = "use a smaller window or less padding"});
    }
    WindowAxis& a = axes[3 - w.rank + i];
    a.made = static_cast<int>(gradient ? x : y);
    a.source = static_cast<int>(gradient ? y : x);
    a.size = static_cast<int>(w.size[from]);
    a.stride = static_cast<int>(w.stride[from]);
    a.pad = static_cast<int>(w.pad_before[from]);
    a.dilation = static_cast<int>(w.dilation[from]);
    const int both = std::gcd(a.stride, a.dilation);
    a.every = a.stride / both;
    a.hop = a.dilation / both;
  }
}

std::string_view name_of(ConvolutionMath math) {
  return math == ConvolutionMath::bf16 ? "bf16" : math == ConvolutionMath::tf32 ? "tf32" : "f32";
}
std::string_view number_of(bool bf16) { return bf16 ? "Bf16" : "float"; }
std::string_view text_of(bool x) { return x ? "true" : "false"; }

template <int rows, int columns>
int bytes_of(ConvolutionMath math, bool of_weight) {
  // f32 and tf32 lie alike.
  if (math == ConvolutionMath::bf16) {
    return of_weight ? convolve_weight_bytes<ConvolutionMath::bf16, rows, columns>()
                     : convolve_bytes<ConvolutionMath::bf16, rows, columns>();
  }
  return of_weight ? convolve_weight_bytes<ConvolutionMath::f32, rows, columns>()
                   : convolve_bytes<ConvolutionMath::f32, rows, columns>();
}
int shared_bytes(const ConvolutionBlock& block, ConvolutionMath math, bool of_weight) {
  if (block.rows == 128 && block.columns == 128) return bytes_of<128, 128>(math, of_weight);
  if (block.rows == 128 && block.columns == 64) return bytes_of<128, 64>(math, of_weight);
  if (block.rows == 128 && block.columns == 32) return bytes_of<128, 32>(math, of_weight);
  DL_CHECK(block.rows == 64 && block.columns == 64, "a block of ", block.rows, " x ", block.columns);
  return bytes_of<64, 64>(math, of_weight);
}

// So that no kernel keeps anything in local memory.
int blocks_per_sm(const ConvolutionBlock& block, ConvolutionMath math, bool vectors) {
  if (block.rows == 128 && block.columns == 128) return math == ConvolutionMath::f32 ? 1 : 2;
  return block.threads() == 256 ? 2 : vectors ? 4 : 3;
}

int64_t phases_of(const ConvolutionShapes& s, bool gradient) {
  int64_t phases = 1;
  for (size_t axis = 0; gradient && axis < static_cast<size_t>(s.window.rank); ++axis) phases *= s.window.stride[axis];
  return phases;
}

// Rows of the largest phase: those of the first places of each stride.
int64_t rows_of(const ConvolutionShapes& s, bool gradient) {
  const Shape& made = gradient ? s.x : s.y;
  int64_t rows = made[0];
  for (int axis = 1; axis + 1 < made.rank(); ++axis)
    rows *= gradient ? ceil_div(made[axis], s.window.stride[static_cast<size_t>(axis - 1)]) : made[axis];
  return rows;
}

bool in_vectors(const ConvolutionShapes& s, int64_t channels, int64_t in_group) {
  const int64_t at_once = bytes_at_once / s.number_bytes();
  return channels % at_once == 0 && in_group % at_once == 0;
}

}  // namespace

int64_t ConvolutionShapes::taps() const {
  int64_t taps = 1;
  for (size_t axis = 0; axis < static_cast<size_t>(window.rank); ++axis) taps *= window.size[axis];
  return taps;
}

TransposeWeight WeightTransposition::arguments() const {
  return {.rows = to_int(rows),
          .columns = to_int(columns),
          .column_tiles = to_int(ceil_div(columns, 32)),
          .row_tiles = to_int(ceil_div(rows, 32))};
}
Grid WeightTransposition::grid(int number_bytes) const {
  return {.x = to_int(batch * ceil_div(rows, 32) * ceil_div(columns, 32)),
          .threads = 256,
          .shared_bytes = 32 * 33 * number_bytes};
}
KernelSource WeightTransposition::source(bool bf16) const {
  return {.header = "transpose_weight.h",
          .call = concat("transpose_weight<", number_of(bf16), ">"),
          .arguments = "TransposeWeight"};
}

WeightTransposition weight_with_taps_outside(const ConvolutionShapes& s) {
  if (s.taps() == 1 || s.depth() == 1) return {};
  return {s.weight[0], s.depth(), s.taps()};
}

bool gains_by_library(const ConvolutionShapes& s) {
  const double products = static_cast<double>(s.y.elements()) * static_cast<double>(s.depth() * s.taps());
  return !s.depthwise() && products >= least_library_products;
}

ConvolvePlan plan_convolve(const ConvolutionShapes& s, bool gradient, const ConvolutionBlock& block) {
  ConvolvePlan plan{.math = s.math(), .block = block};
  const int64_t taps = s.taps(), groups = s.groups, depth = gradient ? s.width() : s.depth(),
                width = gradient ? s.depth() : s.width();
  const Shape& source = gradient ? s.y : s.x;
  plan.vectors = in_vectors(s, source.last(), depth);
  Convolve& a = plan.arguments;
  set_axes(a.axis, s, gradient);
  a.gradient = gradient ? 1 : 0;
  for (int axis = 0; axis < 3; ++axis) a.phases[axis] = Divisor(gradient ? a.axis[axis].stride : 1);
  a.images = to_int(s.x[0]);
  a.channels = to_int(source.last());
  a.outs = to_int((gradient ? s.x : s.y).last());
  a.depth = to_int(depth);
  a.width = to_int(width);
  a.groups = Divisor(to_int(groups));
  if (plan.vectors) {  // [made channel][tap][channel of the source]
    if (gradient) {
      plan.transposition = {groups, s.width(), s.depth() * taps};
    } else {
      plan.transposition = weight_with_taps_outside(s);
    }
    a.weight_group = width * taps * depth;
    a.weight_column = taps * depth;
    a.weight_tap = depth;
    a.weight_channel = 1;
  } else {  // as it is stored
    a.weight_group = s.width() * s.depth() * taps;
    a.weight_column = gradient ? taps : s.depth() * taps;
    a.weight_channel = gradient ? s.depth() * taps : taps;
    a.weight_tap = 1;
  }
  const int64_t row_tiles = ceil_div(rows_of(s, gradient), block.rows), column_tiles = ceil_div(width, block.columns);
  a.row_tiles = Divisor(to_int(std::max<int64_t>(row_tiles, 1)));  // of no images there are none
  a.column_tiles = Divisor(to_int(column_tiles));
  plan.grid = {.x = to_int(row_tiles * column_tiles * groups * phases_of(s, gradient)),
               .threads = block.threads(),
               .shared_bytes = shared_bytes(block, plan.math, false)};
  return plan;
}

ConvolvePlan plan_convolve(const ConvolutionShapes& s, bool gradient) {
  const int64_t width = gradient ? s.depth() : s.width();
  const bool vectors = in_vectors(s, (gradient ? s.y : s.x).last(), gradient ? s.width() : s.depth());
  const auto blocks = [&](int64_t rows, int64_t columns) {
    return ceil_div(rows_of(s, gradient), rows) * phases_of(s, gradient) * ceil_div(width, columns) * s.groups;
  };
  if (width <= 32) return plan_convolve(s, gradient, {128, 32});
  if (vectors && width > 64 && blocks(128, 128) >= fair_blocks / 2) return plan_convolve(s, gradient, {128, 128});
  if (blocks(128, 64) >= fair_blocks / 2) return plan_convolve(s, gradient, {128, 64});
  return plan_convolve(s, gradient, {64, 64});
}

KernelSource ConvolvePlan::source() const {
  return {.header = "convolution.h",
          .call = concat("convolve<ConvolutionMath::", name_of(math), ", ", block.rows, ", ", block.columns, ", ",
                         text_of(vectors), ">"),
          .arguments = "Convolve",
          .threads = block.threads(),
          .blocks_per_sm = blocks_per_sm(block, math, vectors)};
}

AddPiecesPlan plan_add_pieces(const ConvolutionShapes& s, int64_t pieces) {
  AddPiecesPlan plan;
  plan.parts = pieces >= 8 ? 8 : 1;
  AddWeightPieces& a = plan.arguments;
  a.pieces = to_int(pieces);
  a.taps = to_int(s.taps());
  a.depth = to_int(s.depth());
  a.by_depth = Divisor(a.depth);
  a.by_taps = Divisor(a.taps);
  a.elements = s.weight.elements();
  plan.grid = {.x = to_int(ceil_div(a.elements, 256 / plan.parts)),
               .threads = 256,
               .shared_bytes = plan.parts > 1 ? 256 * 4 : 0};
  return plan;
}

KernelSource AddPiecesPlan::source() const {
  return {.header = "convolution_weight.h",
          .call = concat("add_weight_pieces<", parts, ">"),
          .arguments = "AddWeightPieces"};
}

ConvolveWeightPlan plan_convolve_weight(const ConvolutionShapes& s, const ConvolutionBlock& block) {
  ConvolveWeightPlan plan{.math = s.math(), .block = block};
  plan.vectors_dy = in_vectors(s, s.y.last(), s.width());
  plan.vectors_x = in_vectors(s, s.x.last(), s.depth());
  ConvolveWeight& a = plan.arguments;
  set_axes(a.axis, s, false);
  a.channels = to_int(s.x.last());
  a.outs = to_int(s.y.last());
  a.depth = to_int(s.depth());
  a.width = to_int(s.width());
  a.groups = Divisor(to_int(s.groups));
  a.places = places_of(s.y);
  const int64_t row_tiles = ceil_div(s.width(), block.rows),
                column_tiles = ceil_div(s.taps() * s.depth(), block.columns),
                tiles = row_tiles * column_tiles * s.groups;
  const int64_t slab = 64 / s.number_bytes(), most = ceil_div(a.places, slab * least_piece_slabs);
  const int64_t wanted = std::clamp<int64_t>(ceil_div(fair_blocks, tiles), 1, std::max<int64_t>(most, 1));
  a.piece = round_up(ceil_div(std::max<int64_t>(a.places, 1), wanted), 32);
  plan.pieces = std::max<int64_t>(ceil_div(a.places, a.piece), 1);
  a.row_tiles = Divisor(to_int(row_tiles));
  a.column_tiles = Divisor(to_int(column_tiles));
  plan.grid = {.x = to_int(tiles * plan.pieces),
               .threads = block.threads(),
               .shared_bytes = shared_bytes(block, plan.math, true)};
  return plan;
}

ConvolveWeightPlan plan_convolve_weight(const ConvolutionShapes& s) {
  const int64_t columns = s.taps() * s.depth();
  const bool vectors_dy = in_vectors(s, s.y.last(), s.width()), vectors_x = in_vectors(s, s.x.last(), s.depth());
  if (vectors_x == vectors_dy && columns <= 32) return plan_convolve_weight(s, {128, 32});
  if (!vectors_x || !vectors_dy || s.width() <= 64) return plan_convolve_weight(s, {64, 64});
  // In tf32 its numbers, which are rounded as they are multiplied, want more registers.
  const bool wide = columns > 64 && s.math() != ConvolutionMath::tf32;
  return plan_convolve_weight(s, wide ? ConvolutionBlock{128, 128} : ConvolutionBlock{128, 64});
}

KernelSource ConvolveWeightPlan::source() const {
  return {.header = "convolution_weight.h",
          .call = concat("convolve_weight<ConvolutionMath::", name_of(math), ", ", block.rows, ", ", block.columns,
                         ", ", text_of(vectors_dy), ", ", text_of(vectors_x), ">"),
          .arguments = "ConvolveWeight",
          .threads = block.threads(),
          .blocks_per_sm = blocks_per_sm(block, math, vectors_dy && vectors_x)};
}

DepthwisePlan plan_depthwise(const ConvolutionShapes& s, bool gradient) {
  DepthwisePlan plan{.bf16 = s.bf16, .gradient = gradient};
  plan.transposition = {1, s.weight[0], s.taps()};
  Depthwise& a = plan.arguments;
  set_axes(a.axis, s, gradient);
  a.channels = to_int(s.x.last());
  a.multiplier = to_int(s.width());
  const Shape& made = gradient ? s.x : s.y;
  const int64_t at_once = bytes_at_once / s.number_bytes();
  plan.at_once = a.multiplier == 1 && a.channels % at_once == 0 ? static_cast<int>(at_once) : 1;
  // A place's f32 of what is made are written as one vector.
  plan.at_once = std::min(plan.at_once, 4);
  a.by_vectors = Divisor(to_int(made.last() / plan.at_once));
  for (int axis = 0; axis < 3; ++axis) {
    a.by_made[axis] = Divisor(a.axis[axis].made);
    a.by_stride[axis] = Divisor(a.axis[axis].stride);
  }
  a.vectors = made.elements() / plan.at_once;
  plan.grid = {.x = to_int(ceil_div(a.vectors, 256)), .threads = 256};
  return plan;
}

KernelSource DepthwisePlan::source() const {
  return {.header = "depthwise.h",
          .call = concat("depthwise<", number_of(bf16), ", ", at_once, ", ", text_of(gradient), ">"),
          .arguments = "Depthwise",
          .blocks_per_sm = 2};
}

DepthwiseWeightPlan plan_depthwise_weight(const ConvolutionShapes& s) {
  DepthwiseWeightPlan plan{.bf16 = s.bf16};
  DepthwiseWeight& a = plan.arguments;
  set_axes(a.axis, s, false);
  a.outs = to_int(s.y.last());
  a.multiplier = to_int(s.width());
  a.places = places_of(s.y);
  const int64_t out_tiles = ceil_div(s.y.last(), 32), tap_tiles = ceil_div(s.taps(), depthwise_taps),
                tiles = out_tiles * tap_tiles;
  const int64_t wanted =
      std::clamp<int64_t>(ceil_div(4 * fair_blocks, tiles), 1, std::max<int64_t>(ceil_div(a.places, 256), 1));
  a.piece = round_up(ceil_div(std::max<int64_t>(a.places, 1), wanted), 32);
  plan.pieces = std::max<int64_t>(ceil_div(a.places, a.piece), 1);
  a.out_tiles = to_int(out_tiles);
  a.tap_tiles = to_int(tap_tiles);
  plan.grid = {.x = to_int(tiles * plan.pieces), .threads = 256, .shared_bytes = depthwise_taps * 256 * 4};
  return plan;
}

KernelSource DepthwiseWeightPlan::source() const {
  return {.header = "depthwise.h",
          .call = concat("depthwise_weight<", number_of(bf16), ">"),
          .arguments = "DepthwiseWeight"};
}

}  // namespace dl::cuda
