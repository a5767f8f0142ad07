// Bringing what a product will read soon to the second-level cache, a few lines at a time between its tiles, so that it
// arrives while they are computed: the processor's own prefetching does not follow the short rows of a block.
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

  void fetch_part() {
    for (int64_t left = part_; left > 0 && segments_ > 0;) {
      const int64_t count = lines_ - at_ < left ? lines_ - at_ : left;
      const T* from = from_ + at_ * line;
#pragma GCC unroll 4
      for (int64_t i = 0; i < count; ++i) __builtin_prefetch(from + i * line, 0, 2);
      left -= count;
      at_ += count;
      if (at_ < lines_) return;
      at_ = 0;
      from_ += stride_;
      --segments_;
    }
  }

 private:
  static constexpr int64_t line = 64 / sizeof(T);

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

// A's part in the block that follows: further rows, or the next of the depth, or the first rows again for the next
// columns, unless all of A stays in the cache; or the rows that come after this product.
template <class T>
Ahead<T> next_rows(const GemmOf<T>& g, const GemmBlock& now, int64_t parts) {
  constexpr int64_t resident_bytes = 384 * 1024;
  int64_t row = now.row + now.rows, k = now.k, left = g.rows - row;
  if (left <= 0) {
    k = now.k + now.depth < g.depth ? now.k + now.depth : 0;
    const bool again = k > 0 || now.column + now.columns < g.columns;
    row = again ? 0 : g.rows;
    left = again ? g.rows : g.rows_after;
  }
  const int64_t bytes = g.rows * g.depth * static_cast<int64_t>(sizeof(T));
  if (left <= 0 || (row < g.rows && now.column > 0 && bytes <= resident_bytes)) return {};
  const T* from = g.a + row * g.a_row + k * g.a_depth;
  const int64_t rows = left < now.row_step ? left : now.row_step;
  const int64_t depth = g.depth - k < now.depth ? g.depth - k : now.depth;
  return g.a_depth == 1 ? Ahead<T>(from, g.a_row, rows, depth, parts) : Ahead<T>(from, g.a_depth, depth, rows, parts);
}

// B's part in the panel of `columns` columns from `column` on.
template <class T>
Ahead<T> next_panel(const GemmOf<T>& g, const GemmBlock& now, int64_t column, int64_t columns, int64_t parts) {
  const T* from = g.b + now.k * g.b_depth + column * g.b_column;
  return g.b_column == 1 ? Ahead<T>(from, g.b_depth, now.depth, columns, parts)
                         : Ahead<T>(from, g.b_column, columns, now.depth, parts);
}

}  // namespace dl::DL_ISA
