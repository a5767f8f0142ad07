// Runs a fused loop on rows: behind a matmul or convolution that hands over the rows it has just made, or alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "lib/device/cpu/cpu.h"
#include "lib/graph/loop.h"

namespace dl {

// As an epilogue: the kernel calls begin() on one thread, then rows() on the threads of its team until every row has
// been given once, then finish() on one thread.
//
// Where a result sums over rows, [0, rows) is cut into chunks of chunk_rows() (the last may be shorter) whose partial
// sums are merged in order. So that the result does not depend on the number of threads: the rows of one chunk are
// given on one thread, in ascending order, by calls that cut the chunk in the same way however many threads there are,
// and that thread starts no other chunk before this one is complete. Where chunk_rows() is 1, rows may come in any
// order.
class LoopRunner {
 public:
  // `inputs`: types of the loop's inputs; with `produced`, input 0 is the product given to rows().
  LoopRunner(const LoopOp& op, std::span<const Type> inputs, CpuDevice& device, bool produced);
  ~LoopRunner();

  int64_t chunk_rows() const;
  // Asks for chunks of this many rows, which may depend on the shapes only (the rows of an image, or of a block that
  // one thread makes). Before the first run and before scratch_bytes() is asked. Has no effect where chunk_rows() is 1.
  void set_chunk_rows(int64_t rows);

  // The output that holds the product as it is, or -1. The kernel may then produce right into that output and pass the
  // place there to rows(), which does not copy it again.
  int produced_output() const;

  // Whether output `out` may share the memory of the loop's input `in`. For an epilogue, input 0 is the product: its
  // row may then be produced right into the output.
  bool in_place(int in, int out) const;

  int64_t scratch_bytes() const;

  // For whoever shares the rows out: the rows there are, as the runner counts them (elements, where rows and columns
  // are all the same to the loop and there is no product); the multiples in which to share them out; and the work in
  // all, in simple operations on one float.
  int64_t rows_in_all() const;
  int64_t unit_rows() const;
  double cost() const;

  // `inputs`: the loop's inputs; for an epilogue those from 1 on: Kernel::run's inputs.subspan(base inputs).
  void begin(std::span<void* const> inputs, std::span<void* const> outputs, void* scratch);
  // Rows [r0, r1), with produced[(r - r0) * ld + c] the product; ld == cols is fastest. `thread` is the team's number.
  // Without a product: produced is null. Rows written before stay as they are; `produced` is not kept.
  void rows(int thread, int64_t r0, int64_t r1, const float* produced, int64_t ld);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The kernel of a LoopOp.
std::unique_ptr<Kernel> make_loop_kernel(const LoopOp& loop, std::span<const Type> inputs, CpuDevice& device);

}  // namespace dl
