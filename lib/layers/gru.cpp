// Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), with the reset behind the product as in PyTorch:
// r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh); n = tanh(W_in x + b_in + r (W_hn h + b_hn)); h' = (1 - z) n + z h
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/recurrent.h"

namespace dl {
namespace {

struct Gru final : RecurrentLayer {
  void describe(Schema& s) override {
    s.summary("gated recurrent units: recurrent layers whose state is kept or renewed by a gate");
    s.also_known_as({"GRU"});
    describe_recurrent(
        s,
        "r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh); n = tanh(W_in x + b_in + r (W_hn h + b_hn)); h' = "
        "(1 - z) n + z h, the gates in the order r, z, n (Cho et al. 2014, arXiv:1406.1078). The reset r "
        "stands behind the product, as in PyTorch and in Keras with reset_after.");
    for (const char* key : {"activation", "recurrent_activation"})
      s.instead_of(key, "leave it out: the gates are sigmoids, what they let through a tanh");
    s.example("gru: 32");
    s.example("gru: {hidden_size: 16, bidirectional: true}");
    s.example("gru: {hidden_size: 8, num_layers: 2, bidirectional: true, return_sequences: false}");
  }

  Cell cell() const override { return Cell::gru; }
};
DL_LAYER(Gru, "gru");

}  // namespace
}  // namespace dl
