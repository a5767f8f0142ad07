// Recurrent network (Elman 1990): h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or with relu
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/recurrent.h"

namespace dl {
namespace {

struct Rnn final : RecurrentLayer {
  std::string nonlinearity = "tanh";

  void describe(Schema& s) override {
    s.summary("plain recurrent layers: the state is a function of the input and of the state before");
    s.also_known_as({"RNN", "SimpleRNN", "simple_rnn", "elman"});
    describe_recurrent(s, "h' = tanh(W_ih x + b_ih + W_hh h + b_hh) (Elman 1990), or relu in place of tanh; one gate.");
    s.optional("nonlinearity", nonlinearity, "function of the sum").one_of({"tanh", "relu"}).known_as({"activation"});
    s.example("rnn: 64");
    s.example("rnn: {hidden_size: 64, return_sequences: false}");
    s.example("rnn: {hidden_size: 16, num_layers: 2, bidirectional: true}");
  }

  Cell cell() const override { return nonlinearity == "relu" ? Cell::rnn_relu : Cell::rnn_tanh; }
};
DL_LAYER(Rnn, "rnn");

}  // namespace
}  // namespace dl
