// Triplets within a batch (Hermans, Beyer and Leibe 2017, arXiv:1703.07737, "batch hard"): the mean over the samples of
// max(0, d_p - d_n + margin), d_p the distance to the furthest sample of the same class and d_n to the nearest of
// another; samples that lack one of them do not count
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "lib/base/error.h"
#include "lib/nn/loss.h"

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
    const auto [same, others] = pairs(f);
    const int64_t batch = f.prediction.shape()[0];
    const Value x = f.prediction, squares = sum(x * x, {-1});
    // Squared distances lose digits where they are small; there the slope is that of 0.
    const Value d = sqrt(maximum(squares + transpose(squares, {1, 0}) - 2 * matmul(x, x, false, true), 1e-12));
    const Value furthest = max(where(same, d, 0), {-1}), nearest = -max(where(others, -d, -1e30), {-1});
    return reshape(maximum(furthest - nearest + margin, 0), {batch}) * weights(f);
  }
  Value weights(const Fields& f) const override {
    const auto [same, others] = pairs(f);
    return reshape(max(same, {-1}) * max(others, {-1}), {f.prediction.shape()[0]});
  }

 private:
  // [batch, batch]: whether two samples are others of the same class, or of different ones.
  static std::pair<Value, Value> pairs(const Fields& f) {
    if (f.prediction.shape().rank() != 2 || f.target.type().dtype != DType::i32 || f.target.shape().rank() != 1)
      throw ShapeError(concat("expected one vector a sample and a class as target, got ",
                              f.prediction.shape().without_batch().text(), " and ", name_of(f.target.type().dtype), " ",
                              f.target.shape().without_batch().text()),
                       "end the model with 'flatten' and 'linear: 64'");
    const int64_t batch = f.target.shape()[0];
    const Value of_rows = reshape(f.target, {batch, 1}), of_columns = reshape(f.target, {1, batch});
    const Value alike = equal(of_rows, of_columns), index = iota(*f.target.graph, batch);
    return {alike * (1 - equal(reshape(index, {batch, 1}), index)), 1 - alike};
  }
};
DL_LOSS(BatchTriplet, "triplet");

}  // namespace
}  // namespace dl
