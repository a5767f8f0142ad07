// What a recurrent layer does to one row at one step, beside the product with its weight: vectors over the units.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

// Pointers to the first of `units` neighbouring units; those of gate k begin k * stride elements further.
struct RecurrentRow {
  int64_t units = 0, stride = 0;
  float* gates = nullptr;         // in: x + W h (of a gru's n: x), out: the gates
  float* h = nullptr;             // out: the state
  float* h_again = nullptr;       // out: the same
  const float* before = nullptr;  // gru: the state before
  const float* cell_before = nullptr;
  float* cell = nullptr;        // lstm, out
  const float* bias = nullptr;  // gru: of all gates
  float* inner = nullptr;       // gru, in: W_hn h, out: with its bias
};

struct RecurrentGradRow {
  int64_t units = 0, stride = 0;
  const float* gates = nullptr;
  const float* dy = nullptr;      // null: no gradient of this step's output
  float* dh = nullptr;            // in: of the state after the step; gru, out: what passes the product by
  float* dx = nullptr;            // out, of all gates; may be `gates`
  float* d_state = nullptr;       // gru, out, of all gates
  const float* before = nullptr;  // gru
  const float* inner = nullptr;   // gru
  const float* cell = nullptr;    // lstm
  const float* cell_before = nullptr;
  float* dc = nullptr;  // lstm, in: of the cell after the step, out: of the one before
};

struct RecurrentKernels {  // by Cell
  void (*forward[4])(const RecurrentRow& row);
  void (*backward[4])(const RecurrentGradRow& row);
};

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::RecurrentKernels, recurrent_kernels)
