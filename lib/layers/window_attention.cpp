// Attention within windows of an image (Liu et al. 2021, arXiv:2103.14030): in each window
// y = proj(softmax(q k^T / sqrt(head_dim) + B) v) with q, k, v = qkv(x), and B[i, j] a learned number for where place j
// lies from place i. With a shift the image is rolled before and back behind, and places that were no neighbours do not
// see each other.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/graph/ops/generate.h"
#include "lib/graph/sizes.h"
#include "lib/nn/axes.h"
#include "lib/nn/image.h"
#include "lib/nn/linear_part.h"
#include "lib/nn/margins.h"
#include "lib/nn/merge_layer.h"
#include "lib/nn/scoped_builder.h"
#include "lib/spec/units.h"

namespace dl {
namespace {

struct WindowAttention final : Layer {
  int64_t num_heads = 1;
  Pair window_size = 7, shift = 0;
  bool bias = true;
  double dropout = 0;

  void describe(Schema& s) override {
    s.summary("each place of an image looks at the others of its window, which shift moves: Swin's attention");
    s.details(
        "Parameters: relative_position_bias_table [(2 height - 1) (2 width - 1), num_heads] of a window, qkv.weight [3 "
        "channels, channels], qkv.bias, proj.weight [channels, channels], proj.bias; the table is normal with standard "
        "deviation 0.02 at first, the others as those of linear layers are. Images are padded to whole windows; an "
        "axis "
        "that one window covers is not shifted.");
    s.also_known_as({"WindowAttention", "ShiftedWindowAttention", "shifted_window_attention", "SwinAttention"});
    s.required("num_heads", num_heads, "heads").at_least(1).known_as({"heads"});
    s.optional("window_size", window_size, "height and width of a window").at_least(1).at_most(1 << 10);
    s.optional("shift", shift, "by how many places windows are moved: usually half of window_size in every other block")
        .at_least(0)
        .known_as({"shift_size"});
    s.optional("bias", bias, "whether qkv has a bias").known_as({"qkv_bias"});
    s.optional("dropout", dropout, "probability with which a place is not seen, while training")
        .at_least(0)
        .below(1)
        .known_as({"attention_dropout", "attn_drop"});
    s.instead_of("dim", "leave it out: input sizes are inferred");
    s.check([this](const Report& report) {
      if (shift.h >= window_size.h || shift.w >= window_size.w)
        report.at("shift", concat("expected less than window_size, got ", shift.h, "x", shift.w),
                  "write half of it, as 3 for windows of 7");
    });
    s.example("window_attention: {num_heads: 1, window_size: 2}");
    s.example("window_attention: {num_heads: 1, window_size: [3, 2], shift: 1}");
  }

  Value build(Builder& b, Value x) const override {
    expect_image(x);
    const int64_t channels = x.shape()[3], height = x.shape()[1], width = x.shape()[2];
    if (channels % num_heads != 0)
      throw ShapeError(concat("cannot divide ", channels, " channels among ", num_heads, " heads"),
                       "set num_heads to a divisor");
    const Along rows = along(height, window_size.h, shift.h), columns = along(width, window_size.w, shift.w);
    x = padded(x, 1, {.behind = rows.padded() - height}, PadMode::constant);
    x = padded(x, 2, {.behind = columns.padded() - width}, PadMode::constant);
    x = rolled(rolled(x, 1, -rows.shift), 2, -columns.shift);

    // Windows in the place of samples: [batch windows, places, channels].
    const int64_t batch = x.shape()[0], windows = times(rows.windows, columns.windows),
                  places = rows.size * columns.size;
    const Shape cut{batch, rows.windows, rows.size, columns.windows, columns.size, channels};
    x = reshape(transpose(reshape(x, cut), {0, 1, 3, 2, 4, 5}), {times(batch, windows), places, channels});

    ScopedBuilder qkv_names(b, "qkv"), proj_names(b, "proj");
    const Value qkv = linear_part(qkv_names, x, times(3, channels), bias);
    const auto heads_first = [&](int64_t part) {
      const Value each =
          reshape(slice(qkv, 2, part * channels, channels), {-1, places, num_heads, channels / num_heads});
      return reshape(transpose(each, {0, 2, 1, 3}), {-1, places, channels / num_heads});
    };
    const double scale = 1 / std::sqrt(static_cast<double>(channels / num_heads));
    Value scores = batched_matmul(heads_first(0) * scale, heads_first(1));
    scores = reshape(scores, {batch, windows, num_heads, places, places}) + relative_bias(b);
    if (rows.shift > 0 || columns.shift > 0)
      scores = scores + reshape(apart(b.graph(), rows, columns), {windows, 1, places, places}) * -100;
    const Value shares = dropout_part(b, softmax(scores), dropout);
    Value y = batched_matmul(reshape(shares, {-1, places, places}), transpose(heads_first(2), {0, 2, 1}));
    y = transpose(reshape(y, {batch * windows, num_heads, places, -1}), {0, 2, 1, 3});
    y = linear_part(proj_names, reshape(y, {batch * windows, places, channels}), channels);

    y = transpose(reshape(y, {batch, rows.windows, columns.windows, rows.size, columns.size, channels}),
                  {0, 1, 3, 2, 4, 5});
    y = reshape(y, {batch, rows.padded(), columns.padded(), channels});
    y = rolled(rolled(y, 1, rows.shift), 2, columns.shift);
    return slice(slice(y, 1, 0, height), 2, 0, width);
  }

 private:
  // Windows along an axis.
  struct Along {
    int64_t size, windows, shift;
    int64_t padded() const { return size * windows; }
    // f32 [windows, size]: 1, 2 or 3 where places were neighbours before the axis was rolled.
    Value regions(Graph& g) const {
      std::vector<float> numbers_of(static_cast<size_t>(padded()), 1);
      for (int64_t i = padded() - size; i < padded() && shift > 0; ++i)
        numbers_of[static_cast<size_t>(i)] = i < padded() - shift ? 2 : 3;
      return reshape(numbers(g, std::move(numbers_of)), {windows, size});
    }
  };
  static Along along(int64_t places, int64_t size, int64_t shift) {
    const int64_t windows = (places + size - 1) / size;
    return {.size = size, .windows = windows, .shift = windows > 1 ? shift : 0};
  }

  // f32 [rows' windows, columns' windows, places, places]: 1 where two places of a window are no neighbours.
  static Value apart(Graph& g, const Along& rows, const Along& columns) {
    const auto differ = [&](const Along& axis, const Shape& from, const Shape& to) {
      const Value regions = axis.regions(g);
      return where(equal(reshape(regions, from), reshape(regions, to)), 0, 1);
    };
    const Value y = differ(rows, {rows.windows, 1, rows.size, 1, 1, 1}, {rows.windows, 1, 1, 1, rows.size, 1});
    const Value x =
        differ(columns, {1, columns.windows, 1, columns.size, 1, 1}, {1, columns.windows, 1, 1, 1, columns.size});
    return maximum(y, x);
  }

  // f32 [heads, places, places], by how far the places lie from each other: the table is spread by columns, then rows.
  Value relative_bias(Builder& b) const {
    const int64_t h = window_size.h, w = window_size.w, tall = 2 * h - 1, wide = 2 * w - 1;
    Value table = b.parameter("relative_position_bias_table", {times(tall, wide), num_heads}, normal_initializer(0.02));
    const auto distances = [](int64_t size) {
      std::vector<int64_t> all;
      for (int64_t from = 0; from < size; ++from)
        for (int64_t to = 0; to < size; ++to) all.push_back(from - to + size - 1);
      return all;
    };
    table = take(take(reshape(table, {tall, wide, num_heads}), 1, distances(w)), 0, distances(h));
    table = transpose(reshape(table, {h, h, w, w, num_heads}), {4, 0, 2, 1, 3});
    return reshape(table, {num_heads, h * w, h * w});
  }
};
DL_LAYER(WindowAttention, "window_attention");

}  // namespace
}  // namespace dl
