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

constexpr int64_t block_bytes = 256 * 1024;  // of input and output together: stays in the second-level cache
constexpr int64_t short_window = 24;         // elements of a row of the window
constexpr int64_t least_blocks = 16;         // there should be, for the threads

class Bf16Correlation final : public Kernel {
 public:
  Bf16Correlation(Correlation::Geometry geometry, CpuDevice& device, std::unique_ptr<LoopRunner> epilogue)
      : g_(std::move(geometry)),
        device_(device),
        strips_(DL_FOR_BF16(device.isa(), device.bf16_unit(), bf16_strip_kernels)),
        destination_(std::move(epilogue)),
        in_of_group_(g_.in_channels / g_.groups),
        out_of_group_(g_.out_channels / g_.groups) {
    find_phases();
    find_reach();
    choose_block();
    const int team = device.team().size();
    packed_at_ = plan_.floats(packed_of_group_ * g_.groups / 2);
    stage_at_ = plan_.floats(stage_elements_ / 2 * team);
    windows_at_ = plan_.floats(windows_elements_ / 2 * team);
    destination_.plan(block_rows_ * g_.out_width, plan_);
    block_floats_ = round_up(block_rows_ * g_.out_width * g_.out_channels, 16);
    if (!destination_.keeps_product()) blocks_at_ = plan_.floats(block_floats_ * team);
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }
  bool in_place(int in, int out) const override { return destination_.in_place(in, out); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const auto* x = static_cast<const uint16_t*>(in[0]);
    const auto* weight = static_cast<const uint16_t*>(in[1]);
    uint16_t* packed = elements_at(scratch, packed_at_);
    device_.team().run([&](int thread) { pack(weight, packed, thread, device_.team().size()); });
    float* const product = destination_.begin(in, out, scratch);
    const int64_t rows = g_.images * g_.out_height, row_floats = g_.out_width * g_.out_channels;
    device_.team().run([&](int thread) {
      const Range mine = split(ceil_div(rows, block_rows_), device_.team().size(), thread);
      uint16_t* stage = elements_at(scratch, stage_at_) + thread * stage_elements_;
      uint16_t* windows = elements_at(scratch, windows_at_) + thread * windows_elements_;
      float* buffer = floats_at(scratch, blocks_at_) + thread * block_floats_;
      for (int64_t block = mine.begin; block < mine.end; ++block) {
        const int64_t begin = block * block_rows_, end = std::min(begin + block_rows_, rows);
        float* y = product != nullptr ? product + begin * row_floats : buffer;
        for (int64_t row = begin; row < end;) {  // the part of each image
          const int64_t image = row / g_.out_height, first = row - image * g_.out_height;
          const int64_t last = std::min(g_.out_height, first + end - row);
          run_rows(x + image * g_.in_height * g_.in_width * g_.in_channels, {first, last}, packed,
                   y + (row - begin) * row_floats, stage, windows);
          row += last - first;
        }
        destination_.rows(thread, begin * g_.out_width, end * g_.out_width, y, g_.out_channels);
      }
    });
    destination_.finish();
  }

 private:
  // The outputs with the same taps, and how their depth is divided: `outer` rows of the window, `inner` ranges in each,
  // of `range` elements, which the packed weight rounds up to pairs.
  struct Phase {
    const AxisPhase* rows;
    const AxisPhase* columns;
    int64_t outer, inner, range;
    int64_t panels_at = 0;  // in a group's packed weight
    int64_t depth() const { return outer * inner * round_up(range, 2); }
  };

  static uint16_t* elements_at(void* scratch, int64_t offset) {
    return reinterpret_cast<uint16_t*>(static_cast<char*>(scratch) + offset);
  }

  void find_phases() {
    const AxisPhase& first = g_.columns.front();
    side_by_side_ = g_.groups == 1 && (first.gap == 1 || first.taps() <= 1);
    whole_window_ = side_by_side_ && g_.rows.size() == 1 && g_.columns.size() == 1 && g_.rows.front().taps() > 1 &&
                    first.taps() * in_of_group_ < short_window;
    for (const AxisPhase& rows : g_.rows) {
      for (const AxisPhase& columns : g_.columns) {
        Phase phase{&rows, &columns, rows.taps(), columns.taps(), in_of_group_};
        if (columns.taps() == 0) phase.outer = 0;
        if (g_.groups == 1 && (columns.gap == 1 || columns.taps() <= 1)) {
          phase.range *= phase.inner;
          phase.inner = 1;
        }
        if (whole_window_) {
          phase.range *= phase.outer;
          phase.outer = 1;
        }
        phase.panels_at = packed_of_group_;
        packed_of_group_ += round_up(out_of_group_, strips_.lanes) * phase.depth();
        phases_.push_back(phase);
      }
    }
    packed_of_group_ = round_up(packed_of_group_, 2);
  }

  // The rows and columns of input that outputs read around their own place.
  void find_reach() {
    int64_t rightmost = 0, highest = 0;
    for (const AxisPhase& p : g_.columns) {
      if (p.taps() == 0) continue;
      left_ = std::max(left_, -p.first);
      rightmost = std::max(rightmost, (p.count - 1) * p.step + p.first + (p.taps() - 1) * p.gap);
    }
    for (const AxisPhase& p : g_.rows) {
      if (p.taps() == 0) continue;
      lowest_ = std::min(lowest_, p.first);
      highest = std::max(highest, p.first + (p.taps() - 1) * p.gap);
    }
    span_ = highest - lowest_ + 1;
    row_elements_ = (left_ + std::max(g_.in_width, rightmost + 1)) * g_.in_channels;
  }

  // Rows of output made together: whole images where several fit the cache, else even parts of one.
  void choose_block() {
    const AxisPhase& rows = g_.rows.front();
    const int64_t in_rows = ceil_div(rows.step, rows.stride);
    window_elements_ = whole_window_ ? round_up(phases_.front().range, 2) : 0;
    const int64_t row_bytes =
        4 * g_.out_width * g_.out_channels + 2 * in_rows * row_elements_ + 2 * g_.out_width * window_elements_;
    const int64_t total = g_.images * g_.out_height;
    int64_t limit = std::min(block_bytes / row_bytes, ceil_div(total, least_blocks));
    limit = std::max<int64_t>(limit, 1);
    if (limit >= g_.out_height) {
      block_rows_ = limit / g_.out_height * g_.out_height;
    } else {
      block_rows_ = limit;
      for (int64_t n = limit; 2 * n > limit; --n) {
        if (g_.out_height % n == 0) {
          block_rows_ = n;
          break;
        }
      }
    }
    const int64_t rows_of_image = std::min(block_rows_, g_.out_height);
    stage_elements_ =
        round_up((rows_of_image / rows.stride + 1) * rows.step * row_elements_ + span_ * row_elements_, 32);
    windows_elements_ = round_up(rows_of_image * g_.out_width * window_elements_, 32);
  }

  // Weights [columns, rows of the product, taps] or the other way round become panels, see strip.h.
  void pack(const uint16_t* weight, uint16_t* packed, int thread, int threads) const {
    const int64_t panels = ceil_div(out_of_group_, strips_.lanes);
    const Range mine = split(g_.groups * panels, threads, thread);
    for (const Phase& phase : phases_) {
      for (int64_t group = 0; group < g_.groups; ++group) {
        int vectors = 0;
        for (int64_t column = 0; column < out_of_group_; column += int64_t{vectors} * strips_.lanes) {
          vectors = strips_.next_vectors(out_of_group_ - column, strip_rows(phase));
          const int64_t panel = group * panels + column / strips_.lanes;
          if (panel < mine.begin || panel >= mine.end) continue;
          pack_panel(weight, phase, group, column, int64_t{vectors} * strips_.lanes,
                     packed + group * packed_of_group_ + phase.panels_at + column * phase.depth());
        }
      }
    }
  }

  void pack_panel(const uint16_t* weight, const Phase& phase, int64_t group, int64_t column, int64_t width,
                  uint16_t* panel) const {
    std::fill_n(panel, width * phase.depth(), uint16_t{0});
    if (phase.depth() == 0) return;
    const int64_t taps = g_.kernel_height * g_.kernel_width, range = round_up(phase.range, 2);
    const int64_t columns = std::min(width, out_of_group_ - column), kernel_columns = phase.columns->taps();
    const int64_t from_column = g_.weight_by_out ? in_of_group_ * taps : taps;
    const int64_t from_in = g_.weight_by_out ? taps : out_of_group_ * taps;
    const int64_t group_at = group * in_of_group_ * out_of_group_ * taps;
    for (int64_t r = 0; r < phase.rows->taps(); ++r) {
      for (int64_t c = 0; c < kernel_columns; ++c) {
        const int64_t tap = phase.rows->kernel[static_cast<size_t>(r)] * g_.kernel_width +
                            phase.columns->kernel[static_cast<size_t>(c)];
        // The depth at which the tap's channels begin.
        const int64_t at = whole_window_      ? (r * kernel_columns + c) * in_of_group_
                           : phase.inner == 1 ? r * range + c * in_of_group_
                                              : (r * phase.inner + c) * range;
        const uint16_t* from = weight + group_at + column * from_column + tap;
        for (int64_t i = 0; i < in_of_group_; ++i) {
          uint16_t* to = panel + (at + i) / 2 * 2 * width + (at + i) % 2;
          for (int64_t n = 0; n < columns; ++n) to[2 * n] = from[n * from_column + i * from_in];
        }
      }
    }
  }

  int64_t strip_rows(const Phase& phase) const {
    return whole_window_ ? std::min(block_rows_, g_.out_height) * g_.out_width : phase.columns->count;
  }

  // Output rows [rows.begin, rows.end) of one image.
  void run_rows(const uint16_t* x, Range rows, const uint16_t* packed, float* y, uint16_t* stage,
                uint16_t* windows) const {
    const AxisPhase& any = g_.rows.front();  // all phases have the same stride and step
    const int64_t first_q = rows.begin / any.stride, last_q = (rows.end - 1) / any.stride;
    const int64_t top = first_q * any.step + lowest_;
    stage_rows(x, top, last_q * any.step + lowest_ + span_, stage);
    if (whole_window_) return run_windows(rows, packed, y, stage, windows);
    for (int64_t group = 0; group < g_.groups; ++group) {
      for (const Phase& phase : phases_) {
        if (phase.columns->count == 0) continue;
        const uint16_t* panels = packed + group * packed_of_group_ + phase.panels_at;
        int vectors = 0;
        for (int64_t column = 0; column < out_of_group_; column += int64_t{vectors} * strips_.lanes) {
          vectors = strips_.next_vectors(out_of_group_ - column, phase.columns->count);
          Bf16Tile t = tile_of(phase, column, vectors, panels + column * phase.depth());
          for (int64_t q = first_q; q <= last_q; ++q) {
            const int64_t row = phase.rows->begin + q * any.stride - rows.begin;
            if (row < 0 || row >= rows.end - rows.begin) continue;
            t.a = stage + (q * any.step + phase.rows->first - top) * row_elements_ +
                  (phase.columns->first + left_) * g_.in_channels + group * in_of_group_;
            if (phase.outer == 0) t.a = stage;
            t.c = y + (row * g_.out_width + phase.columns->begin) * g_.out_channels + group * out_of_group_ + column;
            strips_.run(t, Along::depth, phase.columns->count, vectors);
          }
        }
      }
    }
  }

  Bf16Tile tile_of(const Phase& phase, int64_t column, int vectors, const uint16_t* panel) const {
    const int64_t width = int64_t{vectors} * strips_.lanes;
    Bf16Tile t;
    t.a_row = phase.columns->step * g_.in_channels;
    t.a_outer = phase.rows->gap * row_elements_;
    t.a_inner = phase.columns->gap * g_.in_channels;
    t.b = panel;
    t.b_depth = width;
    t.b_inner = round_up(phase.range, 2) * width;
    t.b_outer = phase.inner * t.b_inner;
    t.outer = phase.outer;
    t.inner = phase.inner;
    t.depth = phase.range;
    t.c_row = phase.columns->stride * g_.out_channels;
    t.last = static_cast<int>(std::min(out_of_group_ - column, width) - (width - strips_.lanes));
    return t;
  }

  // The input rows [begin, end), zeros beside and beyond the image.
  void stage_rows(const uint16_t* x, int64_t begin, int64_t end, uint16_t* to) const {
    const int64_t left = left_ * g_.in_channels, middle = g_.in_width * g_.in_channels;
    for (int64_t row = begin; row < end; ++row, to += row_elements_) {
      if (row < 0 || row >= g_.in_height) {
        std::fill_n(to, row_elements_, uint16_t{0});
        continue;
      }
      std::fill_n(to, left, uint16_t{0});
      std::memcpy(to + left, x + row * middle, static_cast<size_t>(middle) * 2);
      std::fill_n(to + left + middle, row_elements_ - left - middle, uint16_t{0});
    }
  }

  // The whole window of each output side by side: one long strip.
  void run_windows(Range rows, const uint16_t* packed, float* y, const uint16_t* stage, uint16_t* windows) const {
    const Phase& phase = phases_.front();
    const AxisPhase &down = *phase.rows, &across = *phase.columns;
    const int64_t part = across.taps() * g_.in_channels;
    uint16_t* to = windows;
    for (int64_t row = 0; row < rows.end - rows.begin; ++row) {
      for (int64_t q = 0; q < across.count; ++q, to += window_elements_) {
        const uint16_t* from = stage + (row * down.step + down.first - lowest_) * row_elements_ +
                               (q * across.step + across.first + left_) * g_.in_channels;
        for (int64_t r = 0; r < down.taps(); ++r) {
          std::memcpy(to + r * part, from + r * down.gap * row_elements_, static_cast<size_t>(part) * 2);
        }
      }
    }
    int vectors = 0;
    for (int64_t column = 0; column < out_of_group_; column += int64_t{vectors} * strips_.lanes) {
      vectors = strips_.next_vectors(out_of_group_ - column, strip_rows(phase));
      Bf16Tile t = tile_of(phase, column, vectors, packed + column * phase.depth());
      t.a = windows;
      t.a_row = window_elements_;
      t.c = y + column;
      strips_.run(t, Along::depth, (rows.end - rows.begin) * g_.out_width, vectors);
    }
  }

  const Correlation::Geometry g_;
  CpuDevice& device_;
  const Bf16StripKernels& strips_;
  Destination destination_;
  const int64_t in_of_group_, out_of_group_;
  std::vector<Phase> phases_;
  bool side_by_side_ = false, whole_window_ = false;
  int64_t left_ = 0, lowest_ = 0, span_ = 1;  // columns before the image; rows around the one of q = 0
  int64_t row_elements_ = 0, window_elements_ = 0, block_rows_ = 1;
  int64_t packed_of_group_ = 0, stage_elements_ = 0, windows_elements_ = 0, block_floats_ = 0;
  ScratchPlan plan_;
  int64_t packed_at_ = 0, stage_at_ = 0, windows_at_ = 0, blocks_at_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_bf16_correlation(Correlation::Geometry geometry, CpuDevice& device,
                                              std::unique_ptr<LoopRunner> epilogue) {
  return std::make_unique<Bf16Correlation>(std::move(geometry), device, std::move(epilogue));
}

}  // namespace dl
