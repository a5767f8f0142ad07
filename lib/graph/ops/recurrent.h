// A recurrent layer in one direction, all steps in one operation.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

// Gates of a unit, and what of a step the gradient needs beside them.
constexpr int64_t gates_of(Cell cell) { return cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1; }
constexpr bool keeps_of(Cell cell) { return cell == Cell::lstm || cell == Cell::gru; }

// inputs, with G = gates_of(cell): x [batch, steps, G * hidden], what the inputs give to the gates, biases included;
//   weight [G * hidden, hidden]; h0 [batch, hidden]; lstm: c0 [batch, hidden]; gru: bias [G * hidden], of the state.
// outputs: y [batch, steps, hidden], the states h after each step;
//   before [batch, steps, hidden], the states before each step;
//   gates [batch, steps, G * hidden], behind their sigmoid and tanh;
//   last [batch, hidden], the state after the last step;
//   lstm: cells [batch, steps, hidden] after each step, and last cells [batch, hidden];
//   gru: inner [batch, steps, hidden], W_hn h + b_hn.
// The gates stand in PyTorch's order: i f g o of an lstm, r z n of a gru.
struct Recurrent final : Op {
  enum Output { y, before, gates, last, kept, last_cells };
  Recurrent(Cell cell, bool reverse) : cell(cell), reverse(reverse) {}
  std::string_view name() const override { return "recurrent"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Cell cell;
  const bool reverse;  // from the last step to the first
};

// inputs: gates, before and weight; lstm: cells, c0; gru: inner; then the gradients there are, of y (from_y), of the
//   last state (from_last), of the last cells (from_cells).
// outputs: d x [batch, steps, G * hidden]; d h0 [batch, hidden]; lstm: d c0 [batch, hidden];
//   gru: d of what the state gives to the gates [batch, steps, G * hidden] (elsewhere the same as d x).
struct RecurrentGrad final : Op {
  RecurrentGrad(Cell cell, bool reverse, bool from_y, bool from_last, bool from_cells)
      : cell(cell), reverse(reverse), from_y(from_y), from_last(from_last), from_cells(from_cells) {}
  std::string_view name() const override { return "recurrent_grad"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Cell cell;
  const bool reverse;
  const bool from_y, from_last, from_cells;
};

}  // namespace dl
