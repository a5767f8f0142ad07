// Long short-term memory (Hochreiter and Schmidhuber 1997, with Gers's forget gate 2000):
// i, f, g, o = W_ih x + b_ih + W_hh h + b_hh; c' = sigmoid(f) c + sigmoid(i) tanh(g); h' = sigmoid(o) tanh(c')
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/recurrent.h"

namespace dl {
namespace {

struct Lstm final : RecurrentLayer {
  void describe(Schema& s) override {
    s.summary("long short-term memory: recurrent layers with a cell that gates fill, keep and show");
    s.also_known_as({"LSTM"});
    describe_recurrent(
        s,
        "i, f, g, o = W_ih x + b_ih + W_hh h + b_hh, the four gates in this order; c' = sigmoid(f) c + "
        "sigmoid(i) tanh(g); h' = sigmoid(o) tanh(c') (Hochreiter and Schmidhuber 1997; Gers et al. 2000).");
    for (const char* key : {"activation", "recurrent_activation"})
      s.instead_of(key, "leave it out: the gates are sigmoids, what they let through a tanh");
    s.example("lstm: 32");
    s.example("lstm: {hidden_size: 16, num_layers: 2, dropout: 0.5}");
  }

  Cell cell() const override { return Cell::lstm; }
};
DL_LAYER(Lstm, "lstm");

}  // namespace
}  // namespace dl
