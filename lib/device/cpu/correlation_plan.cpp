// What stays in cache, and what is packed where.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/correlation_plan.h"

#include <algorithm>
#include <numeric>

#include "lib/base/division.h"
#include "lib/device/cpu/few_columns.h"

namespace dl {
namespace {

constexpr int64_t block_bytes = 256 * 1024;  // of input and output together: stays in the second-level cache
constexpr int64_t many_images = 16;          // chunks of them, for the threads
constexpr double least_gain = 0.85;          // of strips over images
constexpr int64_t short_window = 24;         // elements of a row of the window, in bf16
constexpr int64_t least_blocks = 16;         // there should be, for the threads, in bf16

// Rows of output made together: whole images where several fit the cache, else even parts of one.
int64_t choose_block_rows(int64_t limit, int64_t height, int64_t images) {
  const int64_t total = height * images;
  limit = std::min(limit, std::max(total / 32, std::min<int64_t>(8, height)));
  limit = std::max<int64_t>(limit, 1);
  if (limit >= height) return std::min<int64_t>(limit / height, most_segments - 2) * height;
  for (int64_t rows = limit; 2 * rows > limit; --rows) {
    if (height % rows == 0) return rows;
  }
  return ceil_div(height, ceil_div(height, limit));
}

double all_taps_inside(const AxisPhase& phase, int64_t input) {
  int64_t all = 0;
  for (int64_t q = 0; q < phase.count; ++q) {
    const Range taps = taps_inside(phase, q, input);
    all += taps.end - taps.begin;
  }
  return static_cast<double>(all);
}

// What a step of the depth takes in a strip of so many rows, in rows: below some, reading the panel is the limit.
double strip_time(int64_t rows, int64_t tile_rows) {
  constexpr int64_t least_rows = 5;
  return static_cast<double>(rows / tile_rows * tile_rows +
                             (rows % tile_rows > 0 ? std::max(rows % tile_rows, least_rows) : 0));
}

bool images_make_better_strips(const CorrelationPlan& p, int64_t images, const CoreRoom& room) {
  constexpr int64_t least_depth = 16;
  if (p.each_channel || p.neighbours > 1 || images < 2 || p.in_of_group < least_depth) return false;
  double by_rows = 0, by_images = 0;
  for (const CorrelationPlan::Phase& phase : p.phases) {
    const double rows = all_taps_inside(phase.rows, p.g.in_height);
    by_rows += rows * static_cast<double>(phase.columns.taps()) * strip_time(phase.columns.count, room.tile_rows);
    by_images += rows * all_taps_inside(phase.columns, p.g.in_width) * strip_time(images, room.tile_rows) /
                 static_cast<double>(images);
  }
  return by_images < least_gain * by_rows;
}

void plan_images(CorrelationPlan& p, const CoreRoom& room) {
  const CorrelationGeometry& g = p.g;
  constexpr int64_t line = 16;
  p.by_images = true;
  p.row_floats = g.in_width * g.in_channels;
  p.image_floats =
      (ceil_div(g.in_height * p.row_floats, line) | 1) * line;  // so that images do not share a cache's sets
  const int64_t chunk = ceil_div(g.images, many_images), chunks = ceil_div(g.images, chunk);
  const int64_t bytes = 4 * chunk * (p.image_floats + g.out_height * g.out_width * g.out_channels);
  const int64_t together = std::clamp<int64_t>(room.l2_bytes / 2 / bytes, 1, ceil_div(chunks, room.threads));
  p.chunk_rows = chunk * g.out_height;
  p.block_rows = together * p.chunk_rows;
  p.strip_rows = together * chunk;
  p.stage_floats = p.strip_rows * p.image_floats;
}

void plan_rows(CorrelationPlan& p) {
  const CorrelationGeometry& g = p.g;
  const AxisPhase& rows = g.rows.front();
  p.strip_rows = g.columns.front().count;
  p.reach = reach_of(g);
  p.staged = p.reach.left > 0 || p.reach.right > 0;
  p.row_floats = (p.reach.left + g.in_width + p.reach.right) * g.in_channels;
  const int64_t out_row_floats = g.out_width * g.out_channels, in_rows_a_row = ceil_div(rows.step, rows.stride);
  p.block_rows =
      choose_block_rows(block_bytes / 4 / (out_row_floats + in_rows_a_row * p.row_floats), g.out_height, g.images);
  p.chunk_rows = p.block_rows;
  if (p.staged) {
    const int64_t positions = ceil_div(p.block_rows, rows.stride) + 1;
    const int64_t staged_rows = std::min(g.in_height, positions * rows.step + p.reach.span);
    const int64_t segments = (p.block_rows + g.out_height - 2) / g.out_height + 1;
    p.stage_floats = round_up(segments * staged_rows * p.row_floats, 16);
  }
}

// The same in bf16.
int64_t choose_bf16_block_rows(int64_t limit, int64_t height, int64_t images) {
  limit = std::max<int64_t>(std::min(limit, ceil_div(height * images, least_blocks)), 1);
  if (limit >= height) return limit / height * height;
  for (int64_t rows = limit; 2 * rows > limit; --rows) {
    if (height % rows == 0) return rows;
  }
  return limit;
}

// Few blocks leave threads idle, and each thread that takes one reads all weights.
void divide_work(CorrelationPlan& p, const CoreRoom& room) {
  constexpr double late_epilogue = 1.1;  // what comes after the columns of others is no longer in this core's cache
  const int64_t widest = room.lanes * (2 * p.strip_rows <= room.tile_rows ? 4 : 2);
  const int64_t panels = ceil_div(p.out_of_group, widest) * p.groups;
  double least = 0;
  for (int parts = 1; parts <= room.threads; ++parts) {
    if (room.threads % parts != 0) continue;
    const double time = static_cast<double>(ceil_div(p.blocks, room.threads / parts) * ceil_div(panels, parts)) *
                        (parts > 1 ? late_epilogue : 1);
    if (parts > 1 && time >= least) continue;
    least = time;
    p.row_parts = room.threads / parts;
    p.column_parts = parts;
  }
}

void join_neighbours(CorrelationPlan& p, int lanes) {
  AxisPhase& columns = p.g.columns.front();
  if (p.g.groups != 1 || p.g.columns.size() > 1 || columns.gap != 1 || columns.taps() == 0) return;
  p.neighbours = worthwhile_neighbours(p.g.out_channels, p.g.out_width, columns.taps(), columns.step, lanes);
  if (p.neighbours == 1) return;
  p.g.out_width /= p.neighbours;
  p.g.out_channels *= p.neighbours;
  columns.count = p.g.out_width;
  columns.kernel.resize(static_cast<size_t>(columns.taps() + (p.neighbours - 1) * columns.step));
  columns.step *= p.neighbours;
  std::iota(columns.kernel.begin(), columns.kernel.end(), 0);
  p.g.kernel_width = columns.taps();
  p.g.weight_by_out = true;
}

void find_phases(CorrelationPlan& p, int lanes) {
  const CorrelationGeometry& g = p.g;
  p.places.resize(static_cast<size_t>(g.kernel_height * g.kernel_width));
  for (const AxisPhase& rows : g.rows) {
    for (const AxisPhase& columns : g.columns) {
      const int64_t at = p.packed_floats_of_group, depth = rows.taps() * columns.taps() * p.in_of_group;
      for (int64_t r = 0; r < rows.taps(); ++r) {
        for (int64_t c = 0; c < columns.taps(); ++c) {
          const int64_t tap =
              rows.kernel[static_cast<size_t>(r)] * g.kernel_width + columns.kernel[static_cast<size_t>(c)];
          p.places[static_cast<size_t>(tap)] = {at, depth, (r * columns.taps() + c) * p.in_of_group};
        }
      }
      p.packed_floats_of_group += round_up(round_up(p.out_of_group, lanes) * depth, 16);
      p.phases.push_back({.rows = rows, .columns = columns, .panels_at = at, .depth = depth});
    }
  }
}

void find_phases(Bf16CorrelationPlan& p, int lanes) {
  const CorrelationGeometry& g = p.g;
  const auto side_by_side = [&](const AxisPhase& columns) {
    return g.groups == 1 && (columns.gap == 1 || columns.taps() <= 1);
  };
  const AxisPhase& first = g.columns.front();
  p.whole_window = side_by_side(first) && g.rows.size() == 1 && g.columns.size() == 1 && g.rows.front().taps() > 1 &&
                   first.taps() * p.in_of_group < short_window;
  for (const AxisPhase& rows : g.rows) {
    for (const AxisPhase& columns : g.columns) {
      Bf16CorrelationPlan::Phase phase{.rows = rows,
                                       .columns = columns,
                                       .outer = columns.taps() == 0 ? 0 : rows.taps(),
                                       .inner = columns.taps(),
                                       .range = p.in_of_group,
                                       .panels_at = p.packed_of_group};
      if (side_by_side(columns)) {
        phase.range *= phase.inner;
        phase.inner = 1;
      }
      if (p.whole_window) {
        phase.range *= phase.outer;
        phase.outer = 1;
      }
      p.packed_of_group += round_up(p.out_of_group, lanes) * phase.depth();
      p.phases.push_back(std::move(phase));
    }
  }
  p.packed_of_group = round_up(p.packed_of_group, 2);
}

}  // namespace

std::vector<AxisPhase> forward_phases(const Window& window, int axis, int64_t input) {
  const size_t i = static_cast<size_t>(axis);
  AxisPhase phase{.count = window.output(axis, input),
                  .step = window.stride[i],
                  .first = -window.pad_before[i],
                  .gap = window.dilation[i]};
  for (int64_t k = 0; k < window.size[i]; ++k) phase.kernel.push_back(k);
  return {phase};
}

// Input position p received weight k of output (p + pad - k dilation) / stride, where that is a whole number.
std::vector<AxisPhase> backward_phases(const Window& window, int axis, int64_t input) {
  const size_t i = static_cast<size_t>(axis);
  const int64_t stride = window.stride[i], apart = std::gcd(window.dilation[i], stride), period = stride / apart;
  int64_t unit = 0;  // the inverse of dilation / apart modulo period
  while (period > 1 && unit * (window.dilation[i] / apart) % period != 1) ++unit;
  std::vector<AxisPhase> phases;
  for (int64_t p = 0; p < stride; ++p) {  // beyond the input too, so that every weight has its place
    AxisPhase phase{.begin = p, .stride = stride, .count = ceil_div(std::max<int64_t>(input - p, 0), stride)};
    int64_t previous = 0;
    const int64_t place = p + window.pad_before[i], last = window.size[i] - 1;
    const int64_t least = place / apart % period * unit % period;  // of such weights, `period` apart
    const int64_t first = last < least ? -1 : last - (last - least) % period;
    for (int64_t k = place % apart == 0 ? first : -1; k >= 0; k -= period) {
      const int64_t distance = place - k * window.dilation[i];
      if (phase.kernel.empty()) phase.first = distance / stride;
      if (phase.taps() == 1) phase.gap = distance / stride - previous;
      previous = distance / stride;
      phase.kernel.push_back(k);
    }
    phases.push_back(phase);
  }
  return phases;
}

Range taps_inside(const AxisPhase& phase, int64_t q, int64_t input) {
  const int64_t first = q * phase.step + phase.first;
  const int64_t begin = std::max<int64_t>(ceil_div(-first, phase.gap), 0);
  return {begin, std::max(std::min(floor_div(input - 1 - first, phase.gap) + 1, phase.taps()), begin)};
}

Reach reach_of(const CorrelationGeometry& g) {
  Reach reach;
  int64_t rightmost = 0, highest = 0;
  for (const AxisPhase& p : g.columns) {
    if (p.taps() == 0) continue;
    reach.left = std::max(reach.left, -p.first);
    rightmost = std::max(rightmost, (p.count - 1) * p.step + p.first + (p.taps() - 1) * p.gap);
  }
  for (const AxisPhase& p : g.rows) {
    if (p.taps() == 0) continue;
    reach.lowest = std::min(reach.lowest, p.first);
    highest = std::max(highest, p.first + (p.taps() - 1) * p.gap);
  }
  reach.right = std::max<int64_t>(rightmost - (g.in_width - 1), 0);
  reach.span = highest - reach.lowest + 1;
  return reach;
}

CorrelationPlan plan_correlation(CorrelationGeometry geometry, const CoreRoom& room) {
  CorrelationPlan p{.given = std::move(geometry)};
  p.g = p.given;
  join_neighbours(p, room.lanes);
  const CorrelationGeometry& g = p.g;
  p.each_channel = g.groups > 1 && g.groups == g.in_channels && g.groups == g.out_channels;
  p.groups = p.each_channel ? 1 : g.groups;
  p.in_of_group = g.in_channels / g.groups;
  p.out_of_group = g.out_channels / p.groups;
  find_phases(p, room.lanes);
  if (images_make_better_strips(p, g.images, room)) {
    plan_images(p, room);
  } else {
    plan_rows(p);
  }
  p.blocks = ceil_div(g.images * g.out_height, p.block_rows);
  p.block_floats = round_up(p.block_rows * g.out_width * g.out_channels, 16);
  divide_work(p, room);
  return p;
}

int64_t Bf16CorrelationPlan::Phase::depth() const { return outer * inner * round_up(range, 2); }

Bf16CorrelationPlan plan_bf16_correlation(CorrelationGeometry geometry, int lanes) {
  Bf16CorrelationPlan p{.g = std::move(geometry)};
  const CorrelationGeometry& g = p.g;
  const AxisPhase& rows = g.rows.front();
  p.in_of_group = g.in_channels / g.groups;
  p.out_of_group = g.out_channels / g.groups;
  find_phases(p, lanes);
  p.reach = reach_of(g);
  p.row_elements = (p.reach.left + g.in_width + p.reach.right) * g.in_channels;
  p.window_elements = p.whole_window ? round_up(p.phases.front().range, 2) : 0;
  const int64_t row_bytes = 4 * g.out_width * g.out_channels + 2 * ceil_div(rows.step, rows.stride) * p.row_elements +
                            2 * g.out_width * p.window_elements;
  p.block_rows = choose_bf16_block_rows(block_bytes / row_bytes, g.out_height, g.images);
  const int64_t rows_of_image = std::min(p.block_rows, g.out_height);
  p.stage_elements =
      round_up((rows_of_image / rows.stride + 1) * rows.step * p.row_elements + p.reach.span * p.row_elements, 32);
  p.windows_elements = round_up(rows_of_image * g.out_width * p.window_elements, 32);
  p.block_floats = round_up(p.block_rows * g.out_width * g.out_channels, 16);
  return p;
}

}  // namespace dl
