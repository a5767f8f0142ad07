// How a loop is executed: rows in blocks that stay in the first-level cache, calls of simd functions on each block.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "lib/device/cpu/loop_steps.h"

namespace dl {

struct LoopPlan {
  // What a call reads or writes is a place: a pointer that each thread keeps in a table and moves from block to block.
  struct Place {
    enum class Kind : uint8_t {
      shared,  // numbers and columns, computed before the rows; `offset` into the memory of all threads
      local,   // `offset` into the thread's own memory
      input,   // of tensor `tensor`; rows that do not lie together are brought together at `offset` of local memory
      output,  // of tensor `tensor`
    };
    Kind kind = Kind::local;
    Loop::Extent extent = Loop::Extent::full;
    int tensor = -1;
    int64_t offset = 0;
    DType dtype = DType::f32;  // of the tensor; an output of another type than f32 is converted from another place
    Loop::Access access;       // input; shared too, where it is loaded
    bool whole_row = false;    // local: holds a row of all tiles
  };

  struct Call {
    enum class Kind : uint8_t {
      load,      // a number or column from its input tensor
      map,       // over everything that the block has
      map_rows,  // row by row: some operand is one number a row
      copy,      // nothing, where source and target are the same
      narrow,    // to an output in bf16
      spread,
      iota,
      random,
      row_sum,
      row_max,
      result,  // from[0] goes into result `index`
    };
    Kind kind = Kind::map;
    Loop::Extent extent = Loop::Extent::full;
    LoopMap map = nullptr;
    int to = 0;  // places; one that a call does not have is any
    int from[4] = {};
    int64_t stride[4] = {};  // map_rows: of the operands, from row to row
    int index = -1;          // random: the input that is the step; result
    uint64_t key = 0;        // random
  };

  // Rows longer than a block are cut into tiles; then what follows a sum along the row has to wait until all tiles were
  // seen: the next phase. Otherwise there is one phase and one tile, as wide as the row.
  struct Phase {
    std::vector<Call> once;  // rows only, before the tiles
    std::vector<int> loads;  // inputs that this phase reads
    std::vector<Call> each;  // for each tile
  };

  struct Output {  // how result r of the loop is made; sum, moments and total: see loop_partials.h
    Loop::Result::Kind kind = Loop::Result::Kind::store;
    Loop::Extent extent = Loop::Extent::full;  // of the source
    int64_t group = 0;
    DType dtype = DType::f32;
    int tensor = 0;          // the first output tensor it fills
    int place = -1;          // store of a number or column: where it was computed
    int64_t written_at = 0;  // store: when, in the order of the steps
  };

  // The last step that reads an input, where all read it as it lies; -1 where some step does not.
  struct InputUse {
    bool plain = true;
    bool number = true;  // all read it as one number
    int64_t last = -1;
  };

  int64_t rows = 1, cols = 1;
  int64_t block_rows = 1;  // rows of a block
  int64_t tile = 1;        // columns of a tile; `cols` if there is only one
  std::vector<Place> places;
  std::vector<Call> before;     // numbers and columns, in order
  std::vector<int> columns;     // places that are periodic: block_rows copies of one row
  std::vector<int> row_inputs;  // places to find for each block
  std::vector<int> row_outputs;
  std::vector<int> moving;  // places that move with the tile, beside the loads
  std::vector<Phase> phases;
  std::vector<Output> outputs;
  std::vector<InputUse> inputs;
  std::vector<std::pair<int, float>> constants;  // place, value
  int64_t shared_floats = 0, local_floats = 0;
  double cost = 0;  // of the whole loop, in simple operations on one float
  int produced_output = -1;

  bool tiled() const { return tile < cols; }
};

LoopPlan plan_loop(const LoopSteps& steps, std::span<const Type> inputs, std::span<const Type> outputs, bool produced,
                   const LoopMaps& maps);

}  // namespace dl
