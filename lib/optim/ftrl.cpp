// FTRL-Proximal (McMahan et al. 2013, doi:10.1145/2487575.2488200) as Keras has it: n' = n + g^2;
// z += g - (n'^-lr_power / lr - n^-lr_power / lr before) p; p = 0 where |z| <= l1, else
// (sign(z) l1 - z) / ((n'^-lr_power + beta) / lr + 2 l2); Keras takes one lr for both
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Ftrl final : Optimizer {
  double lr = 0.001, lr_power = -0.5, initial_accumulator_value = 0.1, l1 = 0, l2 = 0, beta = 0;

  void describe_keys(Schema& s) override {
    s.summary("follows the regularized leader: for linear models of many rare features, with weights exactly 0");
    s.also_known_as({"Ftrl", "FTRL"});
    s.optional("lr", lr, "learning rate").above(0).known_as({"learning_rate"});
    s.optional("lr_power", lr_power, "power by which the rate falls with the sum of the squares").at_most(0);
    s.optional("initial_accumulator_value", initial_accumulator_value, "where the sum of the squares begins").above(0);
    s.optional("l1", l1, "of the absolute weights").at_least(0).known_as({"l1_regularization_strength"});
    s.optional("l2", l2, "of the squared weights").at_least(0).known_as({"l2_regularization_strength"});
    s.optional("beta", beta, "added to the root of the sum of the squares").at_least(0);
    s.example("ftrl: {lr: 0.05, l1: 1e-3}");
  }

  double learning_rate() const override { return lr; }
  double boldest_rate() const override { return 10; }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    const Value squares = b.state("sum"), last = b.state("linear"), sum = squares + initial_accumulator_value;
    const Value grown = sum + g * g, root = pow(grown, -lr_power), bend = (root + beta) / b.lr() + 2 * l2;
    // What Keras adds to z at a rate that stays; at one that falls it would make p fall with it. All that was added
    // before is bend p then, which `last` says, but for the first update, in which Keras forgets where p began.
    const Value pull = where(squares > 0, bend * p + last - clipped(last), (root - pow(sum, -lr_power)) / b.lr() * p);
    const Value z = last + g - pull, moves = b.lr() > 0;
    b.assign("sum", where(moves, grown - initial_accumulator_value, squares));
    b.assign("linear", where(moves, z, last));
    return where(moves, (clipped(z) - z) / bend, p);
  }

 private:
  Value clipped(Value z) const { return minimum(maximum(z, -l1), l1); }
};
DL_OPTIMIZER(Ftrl, "ftrl");

}  // namespace
}  // namespace dl
