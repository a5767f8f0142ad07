// Units of pieces, and their launches.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/piece_copy.h"

#include <algorithm>

#include "lib/device/cuda/blocks.h"

namespace dl::cuda {
namespace {

constexpr int64_t most_blocks = int64_t{1} << 24;  // of a piece: all of a launch are below 2^31

}  // namespace

CopyPiece piece_of(const RowsOfBytes& rows) {
  int64_t count = rows.rows, bytes = rows.bytes;
  if ((bytes == rows.from_step || !rows.from) && bytes == rows.to_step) {
    bytes *= count;
    count = 1;
  }
  uintptr_t all = reinterpret_cast<uintptr_t>(rows.from) | reinterpret_cast<uintptr_t>(rows.to) |
                  static_cast<uintptr_t>(bytes) | 16;
  if (count > 1) all |= static_cast<uintptr_t>(rows.from ? rows.from_step : 0) | static_cast<uintptr_t>(rows.to_step);
  const auto unit = static_cast<int64_t>(all & -all);
  const int64_t units = bytes / unit * count;
  return {.from = static_cast<const unsigned char*>(rows.from),
          .to = static_cast<unsigned char*>(rows.to),
          .from_step = rows.from_step,
          .to_step = rows.to_step,
          .units = units,
          .row = index_divisor(std::max<int64_t>(bytes / unit, 1), units),
          .unit = static_cast<int>(unit),
          .first_block = 0,
          .blocks = static_cast<int>(std::clamp<int64_t>(ceil_div(units, CopyPieces::block_units), 1, most_blocks))};
}

PieceCopy::PieceCopy(CudaDevice& device)
    : device_(device),
      code_(device.code({.header = "copy_rows.h",
                         .call = "copy_pieces",
                         .arguments = "CopyPieces",
                         .threads = CopyPieces::threads})) {}

void PieceCopy::add(const RowsOfBytes& rows) {
  if (rows.bytes == 0 || rows.rows == 0) return;
  if (pieces_.count == CopyPieces::most) launch();
  CopyPiece& piece = pieces_.piece[pieces_.count++] = piece_of(rows);
  piece.first_block = blocks_;
  blocks_ += piece.blocks;
}

void PieceCopy::launch() {
  if (pieces_.count == 0) return;
  device_.driver().launch(code_->function, {.x = blocks_, .threads = CopyPieces::threads}, &pieces_, sizeof pieces_,
                          device_.stream());
  pieces_.count = blocks_ = 0;
}

}  // namespace dl::cuda
