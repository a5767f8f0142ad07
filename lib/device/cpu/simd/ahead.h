// Bringing what a product will read soon to the second-level cache, a few lines at a time between its tiles, so that it
// arrives while they are computed: the processor's own prefetching does not follow the short rows of a block.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/gemm.h"
#include "lib/device/cpu/simd/tile.h"

namespace dl::DL_ISA {

// `segments` runs of `length` neighbouring elements, `stride` elements apart, fetched in `parts` equal parts.
template <class T>
class Ahead {
 public:
  Ahead() = default;
  Ahead(const T* from, int64_t stride, int64_t segments, int64_t length, int64_t parts)
      : from_(from), stride_(stride), segments_(segments), lines_((length + line - 1) / line) {
    part_ = parts > 0 ? (segments * lines_ + parts - 1) / parts : 0;
  }

  bool done() const { return segments_ <= 0; }

  int64_t lines_a_part() const { return part_; }
  void fetch_part() { fetch(part_); }
  // For somebody else to fetch; what has no room is fetched at once.
  void add_part(Lines& lines) {
    int64_t left = part_;
    for (; left > 0 && segments_ > 0 && lines.count < Lines::most; --left) {
      lines.at[lines.count++] = from_ + at_ * line;
      pass(1);
    }
    fetch(left);
  }

 private:
  static constexpr int64_t line = 64 / sizeof(T);

  void fetch(int64_t left) {
    while (left > 0 && segments_ > 0) {
      const int64_t count = lines_ - at_ < left ? lines_ - at_ : left;
      const T* from = from_ + at_ * line;
#pragma GCC unroll 4
      for (int64_t i = 0; i < count; ++i) __builtin_prefetch(from + i * line, 0, 2);
      left -= count;
      pass(count);
    }
  }
  void pass(int64_t count) {  // lines of the first segment
    at_ += count;
    if (at_ < lines_) return;
    at_ = 0;
    from_ += stride_;
    --segments_;
  }

  const T* from_ = nullptr;  // the first segment that is left
  int64_t stride_ = 0, segments_ = 0;
  int64_t lines_ = 0;  // of a segment
  int64_t at_ = 0;     // line of the first segment that is left
  int64_t part_ = 0;   // lines
};

// A block of a product: the sums over `depth` of `rows` rows, with a block of columns.
struct GemmBlock {
  int64_t row = 0, rows = 0, row_step = 0;
  int64_t column = 0, columns = 0;
  int64_t k = 0, depth = 0;

  // Tiles of all its panels, a panel having `pair` columns.
  int64_t tiles(int64_t pair) const { return (rows + most_rows(2) - 1) / most_rows(2) * ((columns + pair - 1) / pair); }
};

// Where few tiles read a row that lies along the depth, what they were to fetch would keep their own loads waiting, and
// the processor follows the row by itself.
constexpr int64_t most_lines_a_tile = 48;

// A's part in the block that follows: further rows, or the next of the depth, or the first rows again for the next
// columns, unless all of A stays in the cache; or the rows that come after this product.
template <class T>
Ahead<T> next_rows(const GemmOf<T>& g, const GemmBlock& now, int64_t parts) {
  int64_t row = now.row + now.rows, k = now.k, left = g.rows - row;
  if (left <= 0) {
    k = now.k + now.depth < g.depth ? now.k + now.depth : 0;
    const bool again = k > 0 || now.column + now.columns < g.columns;
    row = again ? 0 : g.rows;
    left = again ? g.rows : g.rows_after;
  }
  const int64_t bytes = g.rows * g.depth * static_cast<int64_t>(sizeof(T));
  if (left <= 0 || (row < g.rows && now.column > 0 && bytes <= g.blocks.resident_bytes)) return {};
  const T* from = g.a + row * g.a_row + k * g.a_depth;
  const int64_t rows = left < now.row_step ? left : now.row_step;
  const int64_t depth = g.depth - k < now.depth ? g.depth - k : now.depth;
  if (g.a_depth != 1) return Ahead<T>(from, g.a_depth, depth, rows, parts);
  const Ahead<T> next(from, g.a_row, rows, depth, parts);
  return next.lines_a_part() <= most_lines_a_tile ? next : Ahead<T>();
}

// What a block of a product fetches ahead from tile to tile: A's part in the block that follows and, where its first
// rows pack B's panels, B's part in the next panel. Panels of a packed B are `pair` columns wide.
template <class T>
class BlockAhead {
 public:
  BlockAhead(const GemmOf<T>& g, const GemmBlock& now, int64_t pair, bool packs_b)
      : g_(g), now_(now), rows_(next_rows(g, now, now.tiles(pair))), packs_(packs_b && now.row == 0) {}

  // The tiles that follow are of the panel of so many vectors from the block's column j on.
  void begin_panel(int64_t j, int vectors) {
    const int64_t width = int64_t{vectors} * lanes, left = now_.columns - j - width;
    if (!packs_) return;
    panel_ = {};
    if (left <= 0) return;
    const T* from = g_.b + now_.k * g_.b_depth + (now_.column + j + width) * g_.b_column;
    const int64_t columns = left < width ? left : width;
    const int64_t tiles = (now_.rows + most_rows(vectors) - 1) / most_rows(vectors);
    panel_ = g_.b_column == 1 ? Ahead<T>(from, g_.b_depth, now_.depth, columns, tiles)
                              : Ahead<T>(from, g_.b_column, columns, now_.depth, tiles);
  }
  void fetch_part() {
    rows_.fetch_part();
    panel_.fetch_part();
  }
  Lines next_part() {
    Lines lines;
    panel_.add_part(lines);
    rows_.add_part(lines);
    return lines;
  }

 private:
  const GemmOf<T>& g_;
  const GemmBlock now_;
  Ahead<T> rows_, panel_;
  const bool packs_;
};

}  // namespace dl::DL_ISA
