// A step of a recurrent layer behind its product, forward and backward: a thread a unit of a row of the batch.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

enum class CellKind { rnn_tanh, rnn_relu, lstm, gru };
constexpr int gates_of(CellKind cell) { return cell == CellKind::lstm ? 4 : cell == CellKind::gru ? 3 : 1; }

// Pointers are to what belongs to the step: rows of [batch, steps, …] lie state_row or gate_row elements apart, rows of
// what is [batch, …] follow each other.
struct RecurrentStep {
  const float* x;             // what the inputs give to the gates
  const float* product;       // [batch, gates]: what the state gives
  const float* bias;          // gru: [gates], of the state
  const float *h, *cell;      // before the step; cell: lstm
  float *y, *before, *gates;  // null where nobody reads it: before
  float* kept;                // lstm: the cells; gru: what the state gives to n, or null
  float *last, *last_cells;   // after the last step; else null
  int batch, hidden;
  long long h_row, cell_row, state_row, gate_row;
};

struct RecurrentGradStep {
  const float *gates, *before;  // before: gru
  const float *kept, *cell;     // lstm: the cells after and before the step; gru: kept, what the state gave to n
  const float *dy, *dh, *dc;    // dh, dc: [batch, hidden], of the state after the step; null: 0
  float *dx, *of_state;         // of_state: gru, of what the state gives to the gates
  float *through, *dc_before;   // gru: dh of the state before, other than through the product; lstm: dc
  int batch, hidden;
  long long cell_row, state_row, gate_row;
};

inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }
inline float sigmoid_slope(float y) { return y * (1 - y); }

template <CellKind kind, class Thread>
void recurrent_step(const Thread& t, const RecurrentStep& p) {
  const long long i = static_cast<long long>(t.block()) * t.count() + t.index();
  const long long row = i / p.hidden, unit = i - row * p.hidden;
  if (row >= p.batch) return;
  constexpr int count = gates_of(kind);
  float sum[count], inner = 0;
  for (int g = 0; g < count; ++g) {
    const float x = p.x[row * p.gate_row + g * p.hidden + unit];
    float of_state = p.product[row * count * p.hidden + g * p.hidden + unit];
    if constexpr (kind == CellKind::gru) of_state += p.bias[g * p.hidden + unit];
    if (kind == CellKind::gru && g == 2) {
      sum[g] = x, inner = of_state;
    } else {
      sum[g] = x + of_state;
    }
  }
  const float h = p.h[row * p.h_row + unit];
  const long long at = row * p.state_row + unit, single = row * p.hidden + unit;
  float gate[count], next;
  if constexpr (kind == CellKind::rnn_tanh) {
    next = gate[0] = tanhf(sum[0]);
  } else if constexpr (kind == CellKind::rnn_relu) {
    next = gate[0] = sum[0] < 0 ? 0 : sum[0];
  } else if constexpr (kind == CellKind::lstm) {
    gate[0] = sigmoid(sum[0]), gate[1] = sigmoid(sum[1]), gate[2] = tanhf(sum[2]), gate[3] = sigmoid(sum[3]);
    const float c = gate[1] * p.cell[row * p.cell_row + unit] + gate[0] * gate[2];
    p.kept[at] = c;
    if (p.last_cells) p.last_cells[single] = c;
    next = gate[3] * tanhf(c);
  } else {
    gate[0] = sigmoid(sum[0]), gate[1] = sigmoid(sum[1]), gate[2] = tanhf(sum[2] + gate[0] * inner);
    if (p.kept) p.kept[at] = inner;
    next = (1 - gate[1]) * gate[2] + gate[1] * h;
  }
  if (p.gates)
    for (int g = 0; g < count; ++g) p.gates[row * p.gate_row + g * p.hidden + unit] = gate[g];
  if (p.before) p.before[at] = h;
  p.y[at] = next;
  if (p.last) p.last[single] = next;
}

template <CellKind kind, class Thread>
void recurrent_grad_step(const Thread& t, const RecurrentGradStep& p) {
  const long long i = static_cast<long long>(t.block()) * t.count() + t.index();
  const long long row = i / p.hidden, unit = i - row * p.hidden;
  if (row >= p.batch) return;
  constexpr int count = gates_of(kind);
  const long long at = row * p.state_row + unit, single = row * p.hidden + unit;
  float gate[count], d_gate[count];
  for (int g = 0; g < count; ++g) gate[g] = p.gates[row * p.gate_row + g * p.hidden + unit];
  const float d = (p.dh ? p.dh[single] : 0.0f) + (p.dy ? p.dy[at] : 0.0f);
  if constexpr (kind == CellKind::rnn_tanh) {
    d_gate[0] = d * (1 - gate[0] * gate[0]);
  } else if constexpr (kind == CellKind::rnn_relu) {
    d_gate[0] = gate[0] > 0 ? d : 0;
  } else if constexpr (kind == CellKind::lstm) {
    const float u = tanhf(p.kept[at]), old = p.cell[row * p.cell_row + unit];
    const float dc = (p.dc ? p.dc[single] : 0.0f) + d * gate[3] * (1 - u * u);
    d_gate[0] = dc * gate[2] * sigmoid_slope(gate[0]);
    d_gate[1] = dc * old * sigmoid_slope(gate[1]);
    d_gate[2] = dc * gate[0] * (1 - gate[2] * gate[2]);
    d_gate[3] = d * u * sigmoid_slope(gate[3]);
    p.dc_before[single] = dc * gate[1];
  } else {
    const float dn = d * (1 - gate[1]) * (1 - gate[2] * gate[2]);
    d_gate[0] = dn * p.kept[at] * sigmoid_slope(gate[0]);
    d_gate[1] = d * (p.before[at] - gate[2]) * sigmoid_slope(gate[1]);
    d_gate[2] = dn;
    for (int g = 0; g < count; ++g)
      p.of_state[row * p.gate_row + g * p.hidden + unit] = g == 2 ? dn * gate[0] : d_gate[g];
    p.through[single] = d * gate[1];
  }
  for (int g = 0; g < count; ++g) p.dx[row * p.gate_row + g * p.hidden + unit] = d_gate[g];
}

}  // namespace dl::cuda
