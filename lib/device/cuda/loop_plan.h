// How a loop is cut into kernels, by its shape alone.
//
// Its results are made in passes over the loop's space, one kernel each: stores and totals in one, together with the
// sums over groups of rows of one size; sums over groups of another size in a pass of their own before it. A pass is
//   flat: what has neither sums along rows nor over groups of them is a range of elements, cut into chunks of up to 16
//         bytes, several a thread;
//   rows: a team of threads shares a row, or where nothing is summed along rows a tile of its columns; a block of
//         several teams takes a piece of the rows. Threads keep their columns from row to row, so what depends on
//         columns alone is made once, and sums over rows are kept in registers.
// Sums along a row come in levels: each needs all of those before it, so a row is gone over once a level. What a later
// level needs stays in registers where the row is short enough, and is read or made again where it is not.
// In which order a row is summed depends on its length only: parts of a loop have the bits of the whole.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "lib/device/cuda/loop_levels.h"
#include "lib/device/cuda/loop_steps.h"

namespace dl::cuda {

struct LoopPass {
  enum class Layout : uint8_t { flat, rows };
  Layout layout = Layout::flat;
  LoopSteps code;
  std::vector<LoopLevel> levels;  // flat: one
  bool wide = false;              // indices take 64 bits

  int threads = 256;
  int unit = 1;    // neighbouring columns or elements that a thread takes together
  int chunks = 1;  // such units of a thread at a time; along the row, or where none is summed in as many rows or places
  int64_t blocks = 1;
  // flat: a thread's four chunks are 16 elements apart, so that one call of the random generator serves them all
  bool apart = false;

  // rows
  int lanes = 1;             // of a team: a power of two of at most 32, or 0: the block
  bool sums_rows = false;    // along them: then a thread's chunks lie in one row
  bool whole_row = false;    // and a team's are all of it; else it goes on to the next as many
  bool team_groups = false;  // each team has a group of its own
  int64_t tiles = 1;         // of columns
  int64_t group = 1;         // rows that are summed together; all of them where none are
  int64_t pieces = 1;        // of a group
  int64_t piece = 1;         // rows of each

  int teams() const { return lanes == 0 ? 1 : threads / lanes; }
  int64_t groups() const { return code.rows / group; }
  int64_t tile_columns() const { return int64_t{lanes == 0 ? threads : lanes} * unit * (sums_rows ? chunks : 1); }
};

// What merge_pieces (kernels/loop.h) does after pass `pass`.
struct LoopMergeStep {
  int pass = 0;
  int sums = -1, squares = -1, to = -1, variance = -1;  // tensors
  int64_t columns = 1, cols = 1, group = 1, piece = 1, pieces = 1;
};

struct LoopPlan {
  std::vector<LoopPass> passes;  // in order; the tensor of a result that is merged is that of its partial results
  std::vector<LoopMergeStep> merges;
  std::vector<DType> types;          // of the tensors: the op's inputs and outputs, then working memory
  std::vector<int64_t> area_floats;  // of the working memory's tensors

  // Whether an output may lie where an input does: it is written, element by element, after the last pass has read it.
  bool in_place(int input, int output) const;
};

LoopPlan plan_loop(const Loop& loop, std::span<const Type> inputs, std::span<const Type> outputs);

}  // namespace dl::cuda
