// What rnn, lstm and gru have in common: layers of recurrent cells on top of each other, in one or both directions.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"

namespace dl {

// Which of our gates stands in each place of ONNX's, i o f g of an lstm and z r n of a gru.
std::vector<int64_t> gates_in_onnx(Cell cell);

struct RecurrentLayer : Layer {
  int64_t hidden_size = 0, num_layers = 1;
  bool bias = true, bidirectional = false, return_sequences = true, stateful = false;
  double dropout = 0;
  std::shared_ptr<const Initializer> init, recurrent_init, bias_init;

  // x [batch, steps, features] -> [batch, steps, D hidden_size], or of the last step only [batch, D hidden_size];
  // D: 2 where bidirectional, else 1. A second input, i32 [batch], says how many steps each sequence has: behind them
  // the result is 0, the last step is the sequence's own, and the other direction begins there.
  Value build(Builder& b, std::span<const Value> inputs) const final;
  void twins(Twins& t) const final;
  DoubtList doubts(Value y) const final;

 protected:
  virtual Cell cell() const = 0;
  // The keys, after the layer's own; `formula` and the gates' order begin the details.
  void describe_recurrent(Schema& s, const std::string& formula);

 private:
  bool has_gates() const { return cell() == Cell::lstm || cell() == Cell::gru; }
  // "_l0", "_l0_reverse", "_l1", …: what the names of the tensors of a layer and direction end with, in their order.
  struct Part {
    int64_t layer;
    bool reverse;
    std::string suffix;
  };
  std::vector<Part> parts() const;
  void say_pytorch(Twins& t) const;
  void say_keras(Twins& t) const;
  void say_flax(Twins& t) const;
  void say_onnx(Twins& t) const;
  // `inside` [batch, steps, 1] is true at the sequence's steps, `at_last` at the last of them; unset: all steps are.
  States build_one(Builder& b, Value x, Value inside, Value at_last, const std::string& suffix, bool reverse) const;
};

}  // namespace dl
