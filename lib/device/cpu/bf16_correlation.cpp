// Convolutions of bf16 without im2col, as in f32 (correlation.cpp): the values under one row of the window lie side by
// side, so that a row of outputs is a strip of a matrix product. Where a row of the window is short, the whole window
// is laid out side by side for each output, so that the depth comes in few ranges.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "lib/base/division.h"
#include "lib/device/cpu/bf16_conv2d.h"

namespace dl {
namespace {

class Bf16Correlation final : public Kernel {
 public:
  Bf16Correlation(CorrelationGeometry geometry, CpuDevice& device, std::unique_ptr<LoopRunner> epilogue)
      : device_(device),
        strips_(DL_FOR_BF16(device.isa(), device.bf16_unit(), bf16_strip_kernels)),
        p_(plan_bf16_correlation(std::move(geometry), strips_.lanes)),
        destination_(std::move(epilogue)) {
    const int team = device.team().size();
    packed_at_ = scratch_.floats(p_.packed_of_group * p_.g.groups / 2);
    stage_at_ = scratch_.floats(p_.stage_elements / 2 * team);
    windows_at_ = scratch_.floats(p_.windows_elements / 2 * team);
    destination_.plan(p_.block_rows * p_.g.out_width, scratch_);
    if (!destination_.keeps_product()) blocks_at_ = scratch_.floats(p_.block_floats * team);
  }

  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }
  bool in_place(int in, int out) const override { return destination_.in_place(in, out); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const auto* x = static_cast<const uint16_t*>(in[0]);
    const auto* weight = static_cast<const uint16_t*>(in[1]);
    uint16_t* packed = elements_at(scratch, packed_at_);
    device_.team().run([&](int thread) { pack(weight, packed, thread, device_.team().size()); });
    float* const product = destination_.begin(in, out, scratch);
    const int64_t rows = p_.g.images * p_.g.out_height, row_floats = p_.g.out_width * p_.g.out_channels;
    device_.team().run([&](int thread) {
      const Range mine = split(ceil_div(rows, p_.block_rows), device_.team().size(), thread);
      uint16_t* stage = elements_at(scratch, stage_at_) + thread * p_.stage_elements;
      uint16_t* windows = elements_at(scratch, windows_at_) + thread * p_.windows_elements;
      float* buffer = floats_at(scratch, blocks_at_) + thread * p_.block_floats;
      for (int64_t block = mine.begin; block < mine.end; ++block) {
        const int64_t begin = block * p_.block_rows, end = std::min(begin + p_.block_rows, rows);
        float* y = product != nullptr ? product + begin * row_floats : buffer;
        for (int64_t row = begin; row < end;) {  // the part of each image
          const int64_t image = row / p_.g.out_height, first = row - image * p_.g.out_height;
          const int64_t last = std::min(p_.g.out_height, first + end - row);
          run_rows(x + image * p_.g.in_height * p_.g.in_width * p_.g.in_channels, {first, last}, packed,
                   y + (row - begin) * row_floats, stage, windows);
          row += last - first;
        }
        destination_.rows(thread, begin * p_.g.out_width, end * p_.g.out_width, y, p_.g.out_channels);
      }
    });
    destination_.finish();
  }

 private:
  using Phase = Bf16CorrelationPlan::Phase;

  static uint16_t* elements_at(void* scratch, int64_t offset) {
    return reinterpret_cast<uint16_t*>(static_cast<char*>(scratch) + offset);
  }

  // Weights [columns, rows of the product, taps] or the other way round become panels, see strip.h.
  void pack(const uint16_t* weight, uint16_t* packed, int thread, int threads) const {
    const int64_t panels = ceil_div(p_.out_of_group, strips_.lanes);
    const Range mine = split(p_.g.groups * panels, threads, thread);
    for (const Phase& phase : p_.phases) {
      for (int64_t group = 0; group < p_.g.groups; ++group) {
        int vectors = 0;
        for (int64_t column = 0; column < p_.out_of_group; column += int64_t{vectors} * strips_.lanes) {
          vectors = strips_.next_vectors(p_.out_of_group - column, strip_rows(phase));
          const int64_t panel = group * panels + column / strips_.lanes;
          if (panel < mine.begin || panel >= mine.end) continue;
          pack_panel(weight, phase, group, column, int64_t{vectors} * strips_.lanes,
                     packed + group * p_.packed_of_group + phase.panels_at + column * phase.depth());
        }
      }
    }
  }

  void pack_panel(const uint16_t* weight, const Phase& phase, int64_t group, int64_t column, int64_t width,
                  uint16_t* panel) const {
    std::fill_n(panel, width * phase.depth(), uint16_t{0});
    if (phase.depth() == 0) return;
    const int64_t taps = p_.g.kernel_height * p_.g.kernel_width, range = round_up(phase.range, 2);
    const int64_t columns = std::min(width, p_.out_of_group - column), kernel_columns = phase.columns.taps();
    const int64_t from_column = p_.g.weight_by_out ? p_.in_of_group * taps : taps;
    const int64_t from_in = p_.g.weight_by_out ? taps : p_.out_of_group * taps;
    const int64_t group_at = group * p_.in_of_group * p_.out_of_group * taps;
    for (int64_t r = 0; r < phase.rows.taps(); ++r) {
      for (int64_t c = 0; c < kernel_columns; ++c) {
        const int64_t tap = phase.rows.kernel[static_cast<size_t>(r)] * p_.g.kernel_width +
                            phase.columns.kernel[static_cast<size_t>(c)];
        // The depth at which the tap's channels begin.
        const int64_t at = p_.whole_window    ? (r * kernel_columns + c) * p_.in_of_group
                           : phase.inner == 1 ? r * range + c * p_.in_of_group
                                              : (r * phase.inner + c) * range;
        const uint16_t* from = weight + group_at + column * from_column + tap;
        for (int64_t i = 0; i < p_.in_of_group; ++i) {
          uint16_t* to = panel + (at + i) / 2 * 2 * width + (at + i) % 2;
          for (int64_t n = 0; n < columns; ++n) to[2 * n] = from[n * from_column + i * from_in];
        }
      }
    }
  }

  int64_t strip_rows(const Phase& phase) const {
    return p_.whole_window ? std::min(p_.block_rows, p_.g.out_height) * p_.g.out_width : phase.columns.count;
  }

  // Output rows [rows.begin, rows.end) of one image.
  void run_rows(const uint16_t* x, Range rows, const uint16_t* packed, float* y, uint16_t* stage,
                uint16_t* windows) const {
    const AxisPhase& any = p_.g.rows.front();  // all phases have the same stride and step
    const int64_t first_q = rows.begin / any.stride, last_q = (rows.end - 1) / any.stride;
    const int64_t top = first_q * any.step + p_.reach.lowest;
    stage_rows(x, top, last_q * any.step + p_.reach.lowest + p_.reach.span, stage);
    if (p_.whole_window) return run_windows(rows, packed, y, stage, windows);
    for (int64_t group = 0; group < p_.g.groups; ++group) {
      for (const Phase& phase : p_.phases) {
        if (phase.columns.count == 0) continue;
        const uint16_t* panels = packed + group * p_.packed_of_group + phase.panels_at;
        int vectors = 0;
        for (int64_t column = 0; column < p_.out_of_group; column += int64_t{vectors} * strips_.lanes) {
          vectors = strips_.next_vectors(p_.out_of_group - column, phase.columns.count);
          Bf16Tile t = tile_of(phase, column, vectors, panels + column * phase.depth());
          for (int64_t q = first_q; q <= last_q; ++q) {
            const int64_t row = phase.rows.begin + q * any.stride - rows.begin;
            if (row < 0 || row >= rows.end - rows.begin) continue;
            t.a = stage + (q * any.step + phase.rows.first - top) * p_.row_elements +
                  (phase.columns.first + p_.reach.left) * p_.g.in_channels + group * p_.in_of_group;
            if (phase.outer == 0) t.a = stage;
            t.c =
                y + (row * p_.g.out_width + phase.columns.begin) * p_.g.out_channels + group * p_.out_of_group + column;
            strips_.run(t, Along::depth, phase.columns.count, vectors);
          }
        }
      }
    }
  }

  Bf16Tile tile_of(const Phase& phase, int64_t column, int vectors, const uint16_t* panel) const {
    const int64_t width = int64_t{vectors} * strips_.lanes;
    Bf16Tile t;
    t.a_row = phase.columns.step * p_.g.in_channels;
    t.a_outer = phase.rows.gap * p_.row_elements;
    t.a_inner = phase.columns.gap * p_.g.in_channels;
    t.b = panel;
    t.b_depth = width;
    t.b_inner = round_up(phase.range, 2) * width;
    t.b_outer = phase.inner * t.b_inner;
    t.outer = phase.outer;
    t.inner = phase.inner;
    t.depth = phase.range;
    t.c_row = phase.columns.stride * p_.g.out_channels;
    t.last = static_cast<int>(std::min(p_.out_of_group - column, width) - (width - strips_.lanes));
    return t;
  }

  // The input rows [begin, end), zeros beside and beyond the image.
  void stage_rows(const uint16_t* x, int64_t begin, int64_t end, uint16_t* to) const {
    const int64_t left = p_.reach.left * p_.g.in_channels, middle = p_.g.in_width * p_.g.in_channels;
    for (int64_t row = begin; row < end; ++row, to += p_.row_elements) {
      if (row < 0 || row >= p_.g.in_height) {
        std::fill_n(to, p_.row_elements, uint16_t{0});
        continue;
      }
      std::fill_n(to, left, uint16_t{0});
      std::memcpy(to + left, x + row * middle, static_cast<size_t>(middle) * 2);
      std::fill_n(to + left + middle, p_.row_elements - left - middle, uint16_t{0});
    }
  }

  // The whole window of each output side by side: one long strip.
  void run_windows(Range rows, const uint16_t* packed, float* y, const uint16_t* stage, uint16_t* windows) const {
    const Phase& phase = p_.phases.front();
    const AxisPhase &down = phase.rows, &across = phase.columns;
    const int64_t part = across.taps() * p_.g.in_channels;
    uint16_t* to = windows;
    for (int64_t row = 0; row < rows.end - rows.begin; ++row) {
      for (int64_t q = 0; q < across.count; ++q, to += p_.window_elements) {
        const uint16_t* from = stage + (row * down.step + down.first - p_.reach.lowest) * p_.row_elements +
                               (q * across.step + across.first + p_.reach.left) * p_.g.in_channels;
        for (int64_t r = 0; r < down.taps(); ++r) {
          std::memcpy(to + r * part, from + r * down.gap * p_.row_elements, static_cast<size_t>(part) * 2);
        }
      }
    }
    int vectors = 0;
    for (int64_t column = 0; column < p_.out_of_group; column += int64_t{vectors} * strips_.lanes) {
      vectors = strips_.next_vectors(p_.out_of_group - column, strip_rows(phase));
      Bf16Tile t = tile_of(phase, column, vectors, packed + column * phase.depth());
      t.a = windows;
      t.a_row = p_.window_elements;
      t.c = y + column;
      strips_.run(t, Along::depth, (rows.end - rows.begin) * p_.g.out_width, vectors);
    }
  }

  CpuDevice& device_;
  const Bf16StripKernels& strips_;
  const Bf16CorrelationPlan p_;
  Destination destination_;
  ScratchPlan scratch_;
  int64_t packed_at_ = 0, stage_at_ = 0, windows_at_ = 0, blocks_at_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_bf16_correlation(CorrelationGeometry geometry, CpuDevice& device,
                                              std::unique_ptr<LoopRunner> epilogue) {
  return std::make_unique<Bf16Correlation>(std::move(geometry), device, std::move(epilogue));
}

}  // namespace dl
