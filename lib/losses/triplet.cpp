// Triplets within a batch (Hermans, Beyer and Leibe 2017, arXiv:1703.07737, "batch hard"): the mean over the samples of
// max(0, d_p - d_n + margin), d_p the distance to the furthest sample of the same class and d_n to the nearest of
// another; samples that lack one of them do not count
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/vectors.h"

namespace dl {
namespace {

struct BatchTriplet final : Loss {
  double margin = 0.2;

  void describe_keys(Schema& s) override {
    s.summary("samples of a class are to be nearer to each other than to those of other classes, by a margin");
    s.details(
        "Takes one vector a sample, against classes: the triplets are those of each batch, which is to hold several "
        "samples of a class.");
    s.also_known_as({"TripletLoss", "triplet_loss", "TripletHardLoss", "batch_hard_triplet"});
    s.optional("margin", margin, "by how much they are to be nearer").above(0);
    for (const char* key : {"mining", "sampling", "miner"})
      s.instead_of(key, "leave it out: the hardest of each batch are taken");
    s.example("triplet: {margin: 0.2}");
  }
  Reads reads() const override { return Reads::numbers; }

  // f32 [batch]
  Value each(const Fields& f) const override {
    const auto [same, others] = pairs_by_class(f.prediction, f.target);
    const int64_t batch = f.prediction.shape()[0];
    const Value x = f.prediction, squares = sum(x * x, {-1});
    // Squared distances lose digits where they are small; there the slope is that of 0.
    const Value d = sqrt(maximum(squares + transpose(squares, {1, 0}) - 2 * matmul(x, x, false, true), 1e-12));
    const Value furthest = max(where(same, d, 0), {-1}), nearest = -max(where(others, -d, -1e30), {-1});
    return reshape(maximum(furthest - nearest + margin, 0), {batch}) * weights(f);
  }
  Value weights(const Fields& f) const override {
    const auto [same, others] = pairs_by_class(f.prediction, f.target);
    return reshape(max(same, {-1}) * max(others, {-1}), {f.prediction.shape()[0]});
  }
};
DL_LOSS(BatchTriplet, "triplet");

}  // namespace
}  // namespace dl
