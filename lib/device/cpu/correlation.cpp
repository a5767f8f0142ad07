// Convolutions without im2col: the values under one row of the window lie side by side in memory, so that a row of
// outputs is a strip of a matrix product whose A is the input itself.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/correlation.h"

#include <algorithm>
#include <cstring>

#include "lib/base/division.h"

namespace dl {
namespace {

constexpr int64_t least_weights_a_thread = 16 * 1024;

}  // namespace

Correlation::Correlation(CorrelationGeometry geometry, CpuDevice& device, std::unique_ptr<LoopRunner> epilogue)
    : device_(device),
      strips_(DL_FOR_ISA(device.isa(), strip_kernels)),
      weights_(DL_FOR_ISA(device.isa(), conv_kernels)),
      p_(plan_correlation(std::move(geometry), {.lanes = strips_.lanes,
                                                .tile_rows = device.gemm().row_unit,
                                                .threads = device.team().size(),
                                                .l2_bytes = device.machine().l2_bytes})),
      destination_(std::move(epilogue)),
      packed_(device) {
  const CorrelationGeometry& g = p_.g;
  const int team = device.team().size();
  if (p_.neighbours > 1) wide_at_ = scratch_.floats(g.out_channels * g.in_channels * g.kernel_height * g.kernel_width);
  packed_at_ = scratch_.floats(p_.packed_floats_of_group * p_.groups);
  stage_at_ = scratch_.floats(p_.stage_floats * team);
  destination_.plan(p_.chunk_rows * p_.given.out_width, scratch_);
  if (!destination_.keeps_product())
    blocks_at_ = scratch_.floats(p_.block_floats * (p_.column_parts > 1 ? p_.blocks : team));
}

void Correlation::run(std::span<void* const> in, std::span<void* const> out, void* scratch) {
  const float* x = static_cast<const float*>(in[0]);
  const float* const weight = static_cast<const float*>(in[1]);
  const float* packed = floats_at(scratch, packed_at_);
  if (packed_) {
    packed =
        packed_.floats(p_.packed_floats_of_group * p_.groups, [&](float* to) { widen_and_pack(weight, scratch, to); });
  } else {
    widen_and_pack(weight, scratch, floats_at(scratch, packed_at_));
  }

  float* const product = destination_.begin(in, out, scratch);
  const int64_t block_floats = p_.block_rows * p_.given.out_width * p_.given.out_channels;
  const bool whole_rows = p_.column_parts == 1;
  float* const buffers = floats_at(scratch, blocks_at_);
  const auto block_at = [&](int64_t block, int thread) {
    return product != nullptr ? product + block * block_floats
                              : buffers + (whole_rows ? thread * p_.block_floats : block * block_floats);
  };
  ThreadTeam& team = device_.team();
  team.run([&](int thread) {
    const Range mine = split(p_.blocks, p_.row_parts, thread / p_.column_parts);
    const Range columns = split(p_.groups * p_.out_of_group, p_.column_parts, thread % p_.column_parts, strips_.lanes);
    float* stage = floats_at(scratch, stage_at_) + thread * p_.stage_floats;
    for (int64_t block = mine.begin; block < mine.end; ++block) {
      float* const y = block_at(block, thread);
      run_block(block, columns, x, packed, y, stage);
      if (whole_rows) pass(thread, block, y);
    }
  });
  if (!whole_rows && destination_.has_epilogue()) {
    team.run([&](int thread) {
      const Range mine = split(p_.blocks, team.size(), thread);
      for (int64_t block = mine.begin; block < mine.end; ++block) pass(thread, block, block_at(block, thread));
    });
  }
  destination_.finish();
}

void Correlation::pass(int thread, int64_t block, const float* y) {
  const int64_t width = p_.given.out_width, rows = p_.given.images * p_.given.out_height;
  const int64_t first = block * p_.block_rows, last = std::min(first + p_.block_rows, rows);
  for (int64_t begin = first; begin < last; begin += p_.chunk_rows)
    destination_.rows(thread, begin * width, std::min(begin + p_.chunk_rows, last) * width,
                      y + (begin - first) * width * p_.given.out_channels, p_.given.out_channels);
}

void Correlation::widen_and_pack(const float* weight, void* scratch, float* packed) const {
  if (p_.neighbours == 1) return pack(weight, packed);
  float* const wide = floats_at(scratch, wide_at_);
  widen_weight(weight, wide);
  pack(wide, packed);
}

// wide[neighbour, out][in][height][width]: rows as the weight has them, columns as they are read.
void Correlation::widen_weight(const float* weight, float* wide) const {
  const AxisPhase& taps = p_.given.columns.front();
  const int64_t in = p_.given.in_channels, out = p_.given.out_channels, height = p_.given.kernel_height;
  std::fill_n(wide, p_.neighbours * out * in * height * p_.g.kernel_width, 0.0f);
  for (int64_t o = 0; o < out; ++o) {
    for (int64_t i = 0; i < in; ++i) {
      const float* from = weight + (p_.given.weight_by_out ? o * in + i : i * out + o) * height * p_.given.kernel_width;
      for (int64_t neighbour = 0; neighbour < p_.neighbours; ++neighbour) {
        float* to = wide + ((neighbour * out + o) * in + i) * height * p_.g.kernel_width + neighbour * taps.step;
        for (int64_t row = 0; row < height; ++row) {
          for (int64_t tap = 0; tap < taps.taps(); ++tap) {
            to[row * p_.g.kernel_width + tap] =
                from[row * p_.given.kernel_width + taps.kernel[static_cast<size_t>(tap)]];
          }
        }
      }
    }
  }
}

void Correlation::pack(const float* weight, float* packed) const {
  const int64_t weights_of_group = p_.in_of_group * p_.out_of_group * p_.g.kernel_height * p_.g.kernel_width;
  const bool by_out = p_.g.weight_by_out || p_.each_channel;
  const WeightPanels panels{.out = by_out ? p_.out_of_group : p_.in_of_group,
                            .in = by_out ? p_.in_of_group : p_.out_of_group,
                            .taps = p_.g.kernel_height * p_.g.kernel_width,
                            .places = p_.places.data(),
                            .strip_rows = p_.strip_rows};
  const auto pack_part = [&](int thread, int threads) {
    const Range groups = split(p_.groups, p_.groups == 1 ? 1 : threads, p_.groups == 1 ? 0 : thread);
    const Range columns = p_.groups == 1 ? split(p_.out_of_group, threads, thread) : Range{0, p_.out_of_group};
    for (int64_t group = groups.begin; group < groups.end; ++group) {
      const auto pack_group = by_out ? weights_.pack_by_out : weights_.pack_by_in;
      pack_group(panels, weight + group * weights_of_group, columns.begin, columns.end,
                 packed + group * p_.packed_floats_of_group);
    }
  };
  if (weights_of_group * p_.groups < 2 * least_weights_a_thread) {
    pack_part(0, 1);
  } else {
    device_.team().run([&](int thread) { pack_part(thread, device_.team().size()); });
  }
}

template <class Run>
void Correlation::for_each_panel(Range columns, const float* packed, Run&& run) const {
  for (int64_t group = 0; group < p_.groups; ++group) {
    for (const Phase& phase : p_.phases) {
      if (phase.columns.count == 0) continue;
      const float* panels = packed + group * p_.packed_floats_of_group + phase.panels_at;
      int vectors = 0;
      for (int64_t column = 0; column < p_.out_of_group; column += int64_t{vectors} * strips_.lanes) {
        vectors = strips_.next_vectors(p_.out_of_group - column, p_.strip_rows);
        const int64_t place = group * p_.out_of_group + column;
        if (place < columns.begin || place >= columns.end) continue;
        run(phase, group, column, vectors, panels + column * phase.depth);
      }
    }
  }
}

void Correlation::run_block(int64_t block, Range columns, const float* x, const float* packed, float* y,
                            float* stage) const {
  const int64_t row_begin = block * p_.block_rows;
  const int64_t row_end = std::min(row_begin + p_.block_rows, p_.g.images * p_.g.out_height);
  if (p_.by_images) {
    const int64_t image = row_begin / p_.g.out_height;
    return run_images(row_end / p_.g.out_height - image, columns, x + image * p_.g.in_height * p_.row_floats, packed, y,
                      stage);
  }
  Segment segments[most_segments];
  const int count = cut_segments(row_begin, row_end, x, y, stage, segments);
  for_each_panel(columns, packed,
                 [&](const Phase& phase, int64_t group, int64_t column, int vectors, const float* panel) {
                   for (int s = 0; s < count; ++s) run_rows(segments[s], phase, group, column, vectors, panel);
                 });
}

void Correlation::run_images(int64_t images, Range columns, const float* x, const float* packed, float* y,
                             float* stage) const {
  const int64_t floats = p_.g.in_height * p_.row_floats;
  for (int64_t image = 0; image < images; ++image)
    std::memcpy(stage + image * p_.image_floats, x + image * floats, static_cast<size_t>(floats) * sizeof(float));
  for_each_panel(columns, packed,
                 [&](const Phase& phase, int64_t group, int64_t column, int vectors, const float* panel) {
                   run_places(images, stage, phase, group, column, vectors, panel, y);
                 });
}

int Correlation::cut_segments(int64_t row_begin, int64_t row_end, const float* x, float* y, float* stage,
                              Segment* segments) const {
  int count = 0;
  for (int64_t row = row_begin; row < row_end;) {
    Segment& s = segments[count++];
    s.image = row / p_.g.out_height;
    s.out_begin = row - s.image * p_.g.out_height;
    s.out_end = std::min(p_.g.out_height, s.out_begin + (row_end - row));
    s.out = y + (row - row_begin) * p_.g.out_width * p_.g.out_channels;
    if (p_.staged) {
      const AxisPhase& rows = p_.g.rows.front();  // all phases have the same stride and step
      const int64_t first = s.out_begin / rows.stride, last = (s.out_end - 1) / rows.stride;
      s.in_begin = std::clamp<int64_t>(first * rows.step + p_.reach.lowest, 0, p_.g.in_height);
      const int64_t in_end =
          std::clamp<int64_t>(last * rows.step + p_.reach.lowest + p_.reach.span, s.in_begin, p_.g.in_height);
      s.data = stage_rows(s.image, s.in_begin, in_end, x, stage);
      stage += (in_end - s.in_begin) * p_.row_floats;
    } else {
      s.data = x + s.image * p_.g.in_height * p_.row_floats;
    }
    row += s.out_end - s.out_begin;
  }
  return count;
}

const float* Correlation::stage_rows(int64_t image, int64_t in_begin, int64_t in_end, const float* x,
                                     float* stage) const {
  const int64_t left = p_.reach.left * p_.g.in_channels, middle = p_.g.in_width * p_.g.in_channels,
                right = p_.reach.right * p_.g.in_channels;
  float* to = stage;
  for (int64_t row = in_begin; row < in_end; ++row) {
    std::fill_n(to, left, 0.0f);
    std::memcpy(to + left, x + (image * p_.g.in_height + row) * middle, static_cast<size_t>(middle) * sizeof(float));
    std::fill_n(to + left + middle, right, 0.0f);
    to += p_.row_floats;
  }
  return stage;
}

bool Correlation::side_by_side(const AxisPhase& columns) const {
  return p_.groups == 1 && !p_.each_channel && (columns.gap == 1 || columns.taps() <= 1);
}

Tile Correlation::tile_of(const Phase& phase, int64_t column, int vectors) const {
  const AxisPhase& columns = phase.columns;
  const int64_t width = int64_t{vectors} * strips_.lanes, left_over = p_.out_of_group - column;
  Tile t;
  t.a_outer = phase.rows.gap * p_.row_floats;
  t.a_inner = columns.gap * p_.g.in_channels;
  t.b_depth = width;
  t.b_inner = p_.in_of_group * width;
  t.b_outer = columns.taps() * t.b_inner;
  t.last = static_cast<int>(std::min(left_over, width) - (width - strips_.lanes));
  return t;
}

void Correlation::run_places(int64_t images, const float* x, const Phase& phase, int64_t group, int64_t column,
                             int vectors, const float* panel, float* y) const {
  const AxisPhase& rows = phase.rows;
  const AxisPhase& columns = phase.columns;
  Tile t = tile_of(phase, column, vectors);
  t.a_row = p_.image_floats;
  t.c_row = p_.g.out_height * p_.g.out_width * p_.g.out_channels;
  for (int64_t r = 0; r < rows.count; ++r) {
    const Range row_taps = taps_inside(rows, r, p_.g.in_height);
    for (int64_t c = 0; c < columns.count; ++c) {
      const Range column_taps = taps_inside(columns, c, p_.g.in_width);
      const int64_t taps = column_taps.end - column_taps.begin;
      t.outer = taps == 0 ? 0 : row_taps.end - row_taps.begin;
      t.inner = side_by_side(columns) ? 1 : taps;
      t.depth = side_by_side(columns) ? taps * p_.in_of_group : p_.in_of_group;
      t.a = x;
      t.b = panel;
      if (t.outer > 0) {
        const int64_t in_row = r * rows.step + rows.first + row_taps.begin * rows.gap;
        const int64_t in_column = c * columns.step + columns.first + column_taps.begin * columns.gap;
        t.a += in_row * p_.row_floats + in_column * p_.g.in_channels + group * p_.in_of_group;
        t.b += row_taps.begin * t.b_outer + column_taps.begin * t.b_inner;
      }
      const int64_t place = (rows.begin + r * rows.stride) * p_.g.out_width + columns.begin + c * columns.stride;
      t.c = y + place * p_.g.out_channels + group * p_.out_of_group + column;
      strips_.run(t, Along::depth, images, vectors);
    }
  }
}

void Correlation::run_rows(const Segment& s, const Phase& phase, int64_t group, int64_t column, int vectors,
                           const float* panel) const {
  const AxisPhase& rows = phase.rows;
  const AxisPhase& columns = phase.columns;
  Tile t = tile_of(phase, column, vectors);
  t.a_row = columns.step * p_.g.in_channels;
  t.inner = side_by_side(columns) ? 1 : columns.taps();
  t.depth = side_by_side(columns) ? columns.taps() * p_.in_of_group : p_.in_of_group;
  t.c_row = columns.stride * p_.g.out_channels;
  const float* channel = s.data + (columns.first + p_.reach.left) * p_.g.in_channels + group * p_.in_of_group;
  if (p_.each_channel) channel += column;
  const int64_t q_begin = std::max<int64_t>(ceil_div(s.out_begin - rows.begin, rows.stride), 0);
  for (int64_t q = q_begin; rows.begin + q * rows.stride < s.out_end; ++q) {
    // Taps above and below the image are left out.
    const Range taps = taps_inside(rows, q, p_.g.in_height);
    const int64_t first = q * rows.step + rows.first + taps.begin * rows.gap;
    t.outer = columns.taps() == 0 ? 0 : taps.end - taps.begin;
    t.a = t.outer == 0 ? s.data : channel + (first - s.in_begin) * p_.row_floats;
    t.b = t.outer == 0 ? panel : panel + taps.begin * t.b_outer;
    const int64_t out_row = rows.begin + q * rows.stride - s.out_begin;
    t.c = s.out + (out_row * p_.g.out_width + columns.begin) * p_.g.out_channels + group * p_.out_of_group + column;
    if (p_.each_channel) {
      strips_.run_each(t, false, columns.count, vectors);
    } else {
      strips_.run(t, Along::depth, columns.count, vectors);
    }
  }
}

}  // namespace dl
