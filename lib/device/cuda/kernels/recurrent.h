// A step of a recurrent layer, forward and backward: behind a product of its own, a thread a unit of a row of the
// batch; or, where the rows are few, together with its product, a block eight units.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/matmul.h"
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

enum class CellKind { rnn_tanh, rnn_relu, lstm, gru };
constexpr int gates_of(CellKind cell) { return cell == CellKind::lstm ? 4 : cell == CellKind::gru ? 3 : 1; }

// Pointers are to what belongs to the step: rows of [batch, steps, …] lie state_row or gate_row elements apart, rows of
// what is [batch, …] follow each other.
struct RecurrentStep {
  const float* x;             // what the inputs give to the gates
  const float* product;       // [batch, gates]: what the state gives; or
  const float* weight;        // [gates, hidden], to make it of
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
  const float* of_next;         // of_state of the step after, whose product with the weight adds to dh; or null
  const float* weight;
  float *dx, *of_state;        // of_state: gru, of what the state gives to the gates
  float *through, *dc_before;  // gru: dh of the state before, other than through the product; lstm: dc
  int batch, hidden;
  long long cell_row, state_row, gate_row;
};

inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }
inline float sigmoid_slope(float y) { return y * (1 - y); }

// Of one unit of a row; of_state: what the state before gives to its gates.
template <CellKind kind>
void recurrent_unit(const RecurrentStep& p, long long row, long long unit, const float (&of_state)[gates_of(kind)]) {
  constexpr int count = gates_of(kind);
  float sum[count], inner = 0;
  for (int g = 0; g < count; ++g) {
    const float x = p.x[row * p.gate_row + g * p.hidden + unit];
    const float from_state = kind == CellKind::gru ? of_state[g] + p.bias[g * p.hidden + unit] : of_state[g];
    if (kind == CellKind::gru && g == 2) {
      sum[g] = x, inner = from_state;
    } else {
      sum[g] = x + from_state;
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
void recurrent_step(const Thread& t, const RecurrentStep& p) {
  const long long i = static_cast<long long>(t.block()) * t.count() + t.index();
  const long long row = i / p.hidden, unit = i - row * p.hidden;
  if (row >= p.batch) return;
  constexpr int count = gates_of(kind);
  float of_state[count];
  for (int g = 0; g < count; ++g) of_state[g] = p.product[row * count * p.hidden + g * p.hidden + unit];
  recurrent_unit<kind>(p, row, unit, of_state);
}

// Of one unit of a row; from_product: what the step after adds to dh.
template <CellKind kind>
void recurrent_grad_unit(const RecurrentGradStep& p, long long row, long long unit, float from_product) {
  constexpr int count = gates_of(kind);
  const long long at = row * p.state_row + unit, single = row * p.hidden + unit;
  float gate[count], d_gate[count];
  for (int g = 0; g < count; ++g) gate[g] = p.gates[row * p.gate_row + g * p.hidden + unit];
  const float d = from_product + (p.dh ? p.dh[single] : 0.0f) + (p.dy ? p.dy[at] : 0.0f);
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

template <CellKind kind, class Thread>
void recurrent_grad_step(const Thread& t, const RecurrentGradStep& p) {
  const long long i = static_cast<long long>(t.block()) * t.count() + t.index();
  const long long row = i / p.hidden, unit = i - row * p.hidden;
  if (row < p.batch) recurrent_grad_unit<kind>(p, row, unit, 0.0f);
}

// ---- together with the product ----
//
// A block of 8 warps has 4 lane_rows rows of the batch and 8 units. Of each 64 of the depth, whose numbers lie in
// shared memory row by row, a warp takes 8, for all the block's elements; then the warps' sums are added in order.

constexpr int joined_units = 8, joined_warps = 8, joined_depth = 64, joined_pitch = joined_depth + 4;

// Rows of 64 numbers from k on, zeros from k_end on; row(r) points to where row r begins, or is null. `wide`: rows are
// aligned to 16 bytes. `any`: where something can be read.
template <int rows, bool wide, class Thread, class To, class Row>
void load_depth(const Thread& t, const To& to, const float* any, int k, int k_end, Row row) {
  constexpr int step = wide ? 4 : 1, in_row = joined_depth / step;
  for (int i = t.index(); i < rows * in_row; i += joined_warps * 32) {
    const int r = i / in_row, c = i % in_row * step;
    const float* from = row(r);
    const int count = within(from != nullptr, k + c, k_end, step);
    const auto place = to + (r * joined_pitch + c);
    if constexpr (wide) {
      t.copy_16(place, count > 0 ? from + k + c : any, count * 4);
    } else {
      t.copy_4(place, count > 0 ? from + k + c : any, count * 4);
    }
  }
}

// Sums over k < depth of a[row][k] b[column][k]: load(k, a, b) begins to bring 64 numbers of the rows of a and columns
// of b to shared memory. Afterwards the warps' sums are there for sum_of_warps.
template <int lane_rows, int lane_columns, class Thread, class Load>
void product_by_warps(const Thread& t, int depth, Load load) {
  constexpr int rows = 4 * lane_rows, columns = 8 * lane_columns, stage = (rows + columns) * joined_pitch;
  float sum[lane_rows][lane_columns] = {};
  const int lane_row = t.lane() / 8, lane_column = t.lane() % 8;
  pipeline<3>(
      t, (depth + joined_depth - 1) / joined_depth,
      [&](int step, int place) {
        const auto a = t.template shared<float>(place * stage);
        load(step * joined_depth, a, a + rows * joined_pitch);
      },
      [&](int place) {
        const auto a = t.template shared<float>(place * stage), b = a + rows * joined_pitch;
        for (int k = t.warp() * 8; k < t.warp() * 8 + 8; k += 4) {
          Vector<float, 4> x[lane_rows], y[lane_columns];
          for (int i = 0; i < lane_rows; ++i)
            x[i] = t.template vector<Vector<float, 4>>(a + ((i * 4 + lane_row) * joined_pitch + k));
          for (int j = 0; j < lane_columns; ++j)
            y[j] = t.template vector<Vector<float, 4>>(b + ((j * 8 + lane_column) * joined_pitch + k));
          for (int i = 0; i < lane_rows; ++i)
            for (int j = 0; j < lane_columns; ++j)
              for (int e = 0; e < 4; ++e) sum[i][j] += x[i].at[e] * y[j].at[e];
        }
      });
  t.sync();
  const auto parts = t.template shared<float>();
  for (int i = 0; i < lane_rows; ++i)
    for (int j = 0; j < lane_columns; ++j)
      parts[(t.warp() * rows + i * 4 + lane_row) * (columns + 8) + j * 8 + lane_column] = sum[i][j];
  t.sync();
}

template <int rows, int columns, class Thread>
float sum_of_warps(const Thread& t, int row, int column) {
  const auto parts = t.template shared<float>();
  float sum = 0;
  for (int warp = 0; warp < joined_warps; ++warp) sum += parts[(warp * rows + row) * (columns + 8) + column];
  return sum;
}

template <CellKind kind, int lane_rows, bool wide, class Thread>
void recurrent_step_joined(const Thread& t, const RecurrentStep& p) {
  constexpr int rows = 4 * lane_rows, count = gates_of(kind);
  const int first_row = t.block_y() * rows, first_unit = t.block() * joined_units;
  product_by_warps<lane_rows, count>(t, p.hidden, [&](int k, const auto& a, const auto& b) {
    load_depth<rows, wide>(t, a, p.h, k, p.hidden,
                           [&](int r) { return first_row + r < p.batch ? p.h + (first_row + r) * p.h_row : nullptr; });
    load_depth<count * joined_units, wide>(t, b, p.weight, k, p.hidden, [&](int c) {
      const long long unit = first_unit + c % joined_units, gate = c / joined_units;
      return unit < p.hidden ? p.weight + (gate * p.hidden + unit) * p.hidden : nullptr;
    });
  });
  for (int i = t.index(); i < rows * joined_units; i += t.count()) {
    const int row = i / joined_units, unit = i % joined_units;
    if (first_row + row >= p.batch || first_unit + unit >= p.hidden) continue;
    float of_state[count];
    for (int g = 0; g < count; ++g)
      of_state[g] = sum_of_warps<rows, count * joined_units>(t, row, g * joined_units + unit);
    recurrent_unit<kind>(p, first_row + row, first_unit + unit, of_state);
  }
}

template <CellKind kind, int lane_rows, bool wide, class Thread>
void recurrent_grad_step_joined(const Thread& t, const RecurrentGradStep& p) {
  constexpr int rows = 4 * lane_rows;
  const int first_row = t.block_y() * rows, first_unit = t.block() * joined_units;
  const int width = gates_of(kind) * p.hidden;
  if (p.of_next) {
    product_by_warps<lane_rows, 1>(t, width, [&](int k, const auto& a, const auto& b) {
      load_depth<rows, wide>(t, a, p.of_next, k, width, [&](int r) {
        return first_row + r < p.batch ? p.of_next + (first_row + r) * p.gate_row : nullptr;
      });
      // Eight units of each row of the weight, turned.
      for (int i = t.index(); i < joined_depth * joined_units; i += t.count()) {
        const int deep = i / joined_units, unit = i % joined_units;
        const bool there = k + deep < width && first_unit + unit < p.hidden;
        const float* from = p.weight + static_cast<long long>(k + deep) * p.hidden + first_unit + unit;
        t.copy_4(b + (unit * joined_pitch + deep), there ? from : p.weight, there ? 4 : 0);
      }
    });
  }
  for (int i = t.index(); i < rows * joined_units; i += t.count()) {
    const int row = i / joined_units, unit = i % joined_units;
    if (first_row + row >= p.batch || first_unit + unit >= p.hidden) continue;
    const float from_product = p.of_next ? sum_of_warps<rows, joined_units>(t, row, unit) : 0.0f;
    recurrent_grad_unit<kind>(p, first_row + row, first_unit + unit, from_product);
  }
}

}  // namespace dl::cuda
