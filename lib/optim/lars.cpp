// LARS (You, Gitman and Ginsburg 2017, arXiv:1708.03888, algorithm 1): with the norms of each tensor
// rate = lr trust_coefficient |p| / (|g| + weight_decay |p|), or lr where one of them is 0;
// v = momentum v + rate (g + weight_decay p); p -= v
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Lars final : Optimizer {
  double lr = 1, momentum = 0.9, weight_decay = 0, trust_coefficient = 0.001;
  bool adapt = true;

  void describe_keys(Schema& s) override {
    s.summary("momentum whose steps are as long as each tensor's norm asks for: for large batches");
    s.details(
        "Biases and norms usually take plain momentum: groups: [{max_rank: 1, weight_decay: 0, adapt: false, "
        "lr_factor: "
        "0.01}].");
    s.also_known_as({"LARS"});
    s.required("lr", lr, "learning rate").above(0).known_as({"learning_rate"});
    s.optional("momentum", momentum, "share of the last step kept").at_least(0).below(1);
    s.optional("weight_decay", weight_decay, "times the parameter, added to its gradient").at_least(0);
    s.optional("trust_coefficient", trust_coefficient, "a step's length over its tensor's norm, before lr")
        .above(0)
        .known_as({"eta", "trust_coeff", "eeta"});
    s.optional("adapt", adapt, "whether the rate follows the tensor's norm; false in a group of biases");
    s.example("lars: {lr: 2, weight_decay: 1e-4}");
  }

  double learning_rate() const override { return lr; }
  double boldest_rate() const override { return 1e4; }
  bool by_tensor() const override { return true; }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    Value rate = b.lr();
    if (adapt) {
      const Value norm = sqrt(sum(p * p)), slope = sqrt(sum(g * g));
      rate = rate * where(norm * slope > 0, trust_coefficient * norm / (slope + weight_decay * norm), 1);
    }
    Value step = rate * (weight_decay > 0 ? g + weight_decay * p : g);
    if (momentum > 0) {
      step = momentum * b.state("momentum_buffer") + step;
      b.assign("momentum_buffer", step);
    }
    return p - step;
  }
};
DL_OPTIMIZER(Lars, "lars");

}  // namespace
}  // namespace dl
