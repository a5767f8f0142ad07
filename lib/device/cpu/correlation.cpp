// Convolutions without im2col: the values under one row of the window lie side by side in memory, so that a row of
// outputs is a strip of a matrix product whose A is the input itself.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/correlation.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "lib/base/division.h"
#include "lib/device/cpu/few_columns.h"

namespace dl {
namespace {

constexpr int64_t block_bytes = 256 * 1024;  // of input and output together: stays in the second-level cache
constexpr int64_t least_weights_a_thread = 16 * 1024;

// Rows of output made together: whole images where several fit the cache, else even parts of one.
int64_t choose_block_rows(int64_t limit, int64_t height, int64_t images, int most_segments) {
  const int64_t total = height * images;
  limit = std::min(limit, std::max(total / 32, std::min<int64_t>(8, height)));
  limit = std::max<int64_t>(limit, 1);
  if (limit >= height) return std::min<int64_t>(limit / height, most_segments - 2) * height;
  for (int64_t rows = limit; 2 * rows > limit; --rows) {
    if (height % rows == 0) return rows;
  }
  return ceil_div(height, ceil_div(height, limit));
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

Correlation::Correlation(Geometry geometry, CpuDevice& device, std::unique_ptr<LoopRunner> epilogue)
    : given_(std::move(geometry)),
      g_(given_),
      device_(device),
      strips_(DL_FOR_ISA(device.isa(), strip_kernels)),
      weights_(DL_FOR_ISA(device.isa(), conv_kernels)),
      destination_(std::move(epilogue)) {
  join_neighbours();
  each_channel_ = g_.groups > 1 && g_.groups == g_.in_channels && g_.groups == g_.out_channels;
  groups_ = each_channel_ ? 1 : g_.groups;
  in_of_group_ = g_.in_channels / g_.groups;
  out_of_group_ = g_.out_channels / groups_;
  strip_rows_ = g_.columns.front().count;
  const int64_t panels_width = round_up(out_of_group_, strips_.lanes);

  places_.resize(static_cast<size_t>(g_.kernel_height * g_.kernel_width));
  for (const AxisPhase& rows : g_.rows) {
    for (const AxisPhase& columns : g_.columns) {
      const Phase phase{&rows, &columns, packed_floats_of_group_, rows.taps() * columns.taps() * in_of_group_};
      for (int64_t r = 0; r < rows.taps(); ++r) {
        for (int64_t c = 0; c < columns.taps(); ++c) {
          const int64_t tap =
              rows.kernel[static_cast<size_t>(r)] * g_.kernel_width + columns.kernel[static_cast<size_t>(c)];
          places_[static_cast<size_t>(tap)] = {phase.panels_at, phase.depth, (r * columns.taps() + c) * in_of_group_};
        }
      }
      packed_floats_of_group_ += round_up(panels_width * phase.depth, 16);
      phases_.push_back(phase);
    }
  }

  int64_t rightmost = 0, highest = 0;
  for (const AxisPhase& p : g_.columns) {
    if (p.taps() == 0) continue;
    left_ = std::max(left_, -p.first);
    rightmost = std::max(rightmost, (p.count - 1) * p.step + p.first + (p.taps() - 1) * p.gap);
  }
  right_ = std::max<int64_t>(rightmost - (g_.in_width - 1), 0);
  staged_ = left_ > 0 || right_ > 0;
  row_floats_ = (left_ + g_.in_width + right_) * g_.in_channels;
  for (const AxisPhase& p : g_.rows) {
    if (p.taps() == 0) continue;
    lowest_ = std::min(lowest_, p.first);
    highest = std::max(highest, p.first + (p.taps() - 1) * p.gap);
  }
  span_ = highest - lowest_ + 1;

  const int64_t out_row_floats = g_.out_width * g_.out_channels;
  const int64_t in_rows_a_row = ceil_div(g_.rows.front().step, g_.rows.front().stride);
  block_rows_ = choose_block_rows(block_bytes / 4 / (out_row_floats + in_rows_a_row * row_floats_), g_.out_height,
                                  g_.images, most_segments);
  blocks_ = ceil_div(g_.images * g_.out_height, block_rows_);
  block_floats_ = round_up(block_rows_ * out_row_floats, 16);
  if (staged_) {
    const int64_t positions = ceil_div(block_rows_, g_.rows.front().stride) + 1;
    const int64_t rows = std::min(g_.in_height, positions * g_.rows.front().step + span_);
    const int64_t segments = (block_rows_ + g_.out_height - 2) / g_.out_height + 1;
    stage_floats_ = round_up(segments * rows * row_floats_, 16);
  }

  const int team = device.team().size();
  if (neighbours_ > 1) wide_at_ = plan_.floats(g_.out_channels * g_.in_channels * g_.kernel_height * g_.kernel_width);
  packed_at_ = plan_.floats(packed_floats_of_group_ * groups_);
  stage_at_ = plan_.floats(stage_floats_ * team);
  destination_.plan(block_rows_ * given_.out_width, plan_);
  if (!destination_.keeps_product()) blocks_at_ = plan_.floats(block_floats_ * team);
}

void Correlation::run(std::span<void* const> in, std::span<void* const> out, void* scratch) {
  const float* x = static_cast<const float*>(in[0]);
  float* packed = floats_at(scratch, packed_at_);
  const float* weight = static_cast<const float*>(in[1]);
  if (neighbours_ > 1) {
    float* wide = floats_at(scratch, wide_at_);
    widen_weight(weight, wide);
    weight = wide;
  }
  pack(weight, packed);

  float* const product = destination_.begin(in, out, scratch);
  const int64_t pixels = given_.images * given_.out_height * given_.out_width;
  const int64_t block_pixels = block_rows_ * given_.out_width;
  device_.team().run([&](int thread) {
    const Range mine = split(blocks_, device_.team().size(), thread);
    float* stage = floats_at(scratch, stage_at_) + thread * stage_floats_;
    float* buffer = floats_at(scratch, blocks_at_) + thread * block_floats_;
    for (int64_t block = mine.begin; block < mine.end; ++block) {
      const int64_t first = block * block_pixels;
      float* y = product != nullptr ? product + first * given_.out_channels : buffer;
      run_block(block, x, packed, y, stage);
      destination_.rows(thread, first, std::min(first + block_pixels, pixels), y, given_.out_channels);
    }
  });
  destination_.finish();
}

void Correlation::join_neighbours() {
  AxisPhase& columns = g_.columns.front();
  if (g_.groups != 1 || g_.columns.size() > 1 || columns.gap != 1 || columns.taps() == 0) return;
  neighbours_ = worthwhile_neighbours(g_.out_channels, g_.out_width, columns.taps(), columns.step, strips_.lanes);
  if (neighbours_ == 1) return;
  g_.out_width /= neighbours_;
  g_.out_channels *= neighbours_;
  columns.count = g_.out_width;
  columns.kernel.resize(static_cast<size_t>(columns.taps() + (neighbours_ - 1) * columns.step));
  columns.step *= neighbours_;
  std::iota(columns.kernel.begin(), columns.kernel.end(), 0);
  g_.kernel_width = columns.taps();
  g_.weight_by_out = true;
}

// wide[neighbour, out][in][height][width]: rows as the weight has them, columns as they are read.
void Correlation::widen_weight(const float* weight, float* wide) const {
  const AxisPhase& taps = given_.columns.front();
  const int64_t in = given_.in_channels, out = given_.out_channels, height = given_.kernel_height;
  std::fill_n(wide, neighbours_ * out * in * height * g_.kernel_width, 0.0f);
  for (int64_t o = 0; o < out; ++o) {
    for (int64_t i = 0; i < in; ++i) {
      const float* from = weight + (given_.weight_by_out ? o * in + i : i * out + o) * height * given_.kernel_width;
      for (int64_t neighbour = 0; neighbour < neighbours_; ++neighbour) {
        float* to = wide + ((neighbour * out + o) * in + i) * height * g_.kernel_width + neighbour * taps.step;
        for (int64_t row = 0; row < height; ++row) {
          for (int64_t tap = 0; tap < taps.taps(); ++tap) {
            to[row * g_.kernel_width + tap] = from[row * given_.kernel_width + taps.kernel[static_cast<size_t>(tap)]];
          }
        }
      }
    }
  }
}

void Correlation::pack(const float* weight, float* packed) const {
  const int64_t weights_of_group = in_of_group_ * out_of_group_ * g_.kernel_height * g_.kernel_width;
  const bool by_out = g_.weight_by_out || each_channel_;
  const WeightPanels panels{.out = by_out ? out_of_group_ : in_of_group_,
                            .in = by_out ? in_of_group_ : out_of_group_,
                            .taps = g_.kernel_height * g_.kernel_width,
                            .places = places_.data(),
                            .strip_rows = strip_rows_};
  const auto pack_part = [&](int thread, int threads) {
    const Range groups = split(groups_, groups_ == 1 ? 1 : threads, groups_ == 1 ? 0 : thread);
    const Range columns = groups_ == 1 ? split(out_of_group_, threads, thread) : Range{0, out_of_group_};
    for (int64_t group = groups.begin; group < groups.end; ++group) {
      const auto pack_group = by_out ? weights_.pack_by_out : weights_.pack_by_in;
      pack_group(panels, weight + group * weights_of_group, columns.begin, columns.end,
                 packed + group * packed_floats_of_group_);
    }
  };
  if (weights_of_group * groups_ < 2 * least_weights_a_thread) {
    pack_part(0, 1);
  } else {
    device_.team().run([&](int thread) { pack_part(thread, device_.team().size()); });
  }
}

void Correlation::run_block(int64_t block, const float* x, const float* packed, float* y, float* stage) const {
  Segment segments[most_segments];
  const int64_t row_begin = block * block_rows_;
  const int64_t row_end = std::min(row_begin + block_rows_, g_.images * g_.out_height);
  const int count = cut_segments(row_begin, row_end, x, y, stage, segments);
  for (int64_t group = 0; group < groups_; ++group) {
    for (const Phase& phase : phases_) {
      if (phase.columns->count == 0) continue;
      const float* panels = packed + group * packed_floats_of_group_ + phase.panels_at;
      int vectors = 0;
      for (int64_t column = 0; column < out_of_group_; column += int64_t{vectors} * strips_.lanes) {
        vectors = strips_.next_vectors(out_of_group_ - column, strip_rows_);
        for (int s = 0; s < count; ++s) {
          run_rows(segments[s], phase, group, column, vectors, panels + column * phase.depth);
        }
      }
    }
  }
}

int Correlation::cut_segments(int64_t row_begin, int64_t row_end, const float* x, float* y, float* stage,
                              Segment* segments) const {
  int count = 0;
  for (int64_t row = row_begin; row < row_end;) {
    Segment& s = segments[count++];
    s.image = row / g_.out_height;
    s.out_begin = row - s.image * g_.out_height;
    s.out_end = std::min(g_.out_height, s.out_begin + (row_end - row));
    s.out = y + (row - row_begin) * g_.out_width * g_.out_channels;
    if (staged_) {
      const AxisPhase& rows = g_.rows.front();  // all phases have the same stride and step
      const int64_t first = s.out_begin / rows.stride, last = (s.out_end - 1) / rows.stride;
      s.in_begin = std::clamp<int64_t>(first * rows.step + lowest_, 0, g_.in_height);
      const int64_t in_end = std::clamp<int64_t>(last * rows.step + lowest_ + span_, s.in_begin, g_.in_height);
      s.data = stage_rows(s.image, s.in_begin, in_end, x, stage);
      stage += (in_end - s.in_begin) * row_floats_;
    } else {
      s.data = x + s.image * g_.in_height * row_floats_;
    }
    row += s.out_end - s.out_begin;
  }
  return count;
}

const float* Correlation::stage_rows(int64_t image, int64_t in_begin, int64_t in_end, const float* x,
                                     float* stage) const {
  const int64_t left = left_ * g_.in_channels, middle = g_.in_width * g_.in_channels, right = right_ * g_.in_channels;
  float* to = stage;
  for (int64_t row = in_begin; row < in_end; ++row) {
    std::fill_n(to, left, 0.0f);
    std::memcpy(to + left, x + (image * g_.in_height + row) * middle, static_cast<size_t>(middle) * sizeof(float));
    std::fill_n(to + left + middle, right, 0.0f);
    to += row_floats_;
  }
  return stage;
}

void Correlation::run_rows(const Segment& s, const Phase& phase, int64_t group, int64_t column, int vectors,
                           const float* panel) const {
  const AxisPhase& rows = *phase.rows;
  const AxisPhase& columns = *phase.columns;
  const int64_t width = int64_t{vectors} * strips_.lanes, left_over = out_of_group_ - column;
  const bool side_by_side = groups_ == 1 && !each_channel_ && (columns.gap == 1 || columns.taps() <= 1);
  Tile t;
  t.a_row = columns.step * g_.in_channels;
  t.a_outer = rows.gap * row_floats_;
  t.b_depth = width;
  t.b_outer = columns.taps() * in_of_group_ * width;
  if (side_by_side) {
    t.depth = columns.taps() * in_of_group_;
  } else {
    t.inner = columns.taps();
    t.a_inner = columns.gap * g_.in_channels;
    t.b_inner = in_of_group_ * width;
    t.depth = in_of_group_;
  }
  t.last = static_cast<int>(std::min(left_over, width) - (width - strips_.lanes));
  t.c_row = columns.stride * g_.out_channels;
  const float* channel = s.data + (columns.first + left_) * g_.in_channels + group * in_of_group_;
  if (each_channel_) channel += column;
  const int64_t q_begin = std::max<int64_t>(ceil_div(s.out_begin - rows.begin, rows.stride), 0);
  for (int64_t q = q_begin; rows.begin + q * rows.stride < s.out_end; ++q) {
    // Taps above and below the image are left out.
    const int64_t first = q * rows.step + rows.first;
    const int64_t tap_begin = std::max<int64_t>(ceil_div(-first, rows.gap), 0);
    const int64_t tap_end = std::min(floor_div(g_.in_height - 1 - first, rows.gap) + 1, rows.taps());
    t.outer = columns.taps() == 0 ? 0 : std::max<int64_t>(tap_end - tap_begin, 0);
    t.a = t.outer == 0 ? s.data : channel + (first + tap_begin * rows.gap - s.in_begin) * row_floats_;
    t.b = t.outer == 0 ? panel : panel + tap_begin * t.b_outer;
    const int64_t out_row = rows.begin + q * rows.stride - s.out_begin;
    t.c = s.out + (out_row * g_.out_width + columns.begin) * g_.out_channels + group * out_of_group_ + column;
    if (each_channel_) {
      strips_.run_each(t, false, columns.count, vectors);
    } else {
      strips_.run(t, Along::depth, columns.count, vectors);
    }
  }
}

}  // namespace dl
