// Rprop (Riedmiller and Braun 1993, doi:10.1109/ICNN.1993.298623) as PyTorch has it: a weight's step, lr at first,
// grows by etas[1] where its gradient keeps its sign and shrinks by etas[0] where it changes, within step_sizes; p -=
// sign(g) step, but not where the sign has just changed
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Rprop final : Optimizer {
  double lr = 0.01;
  std::vector<double> etas{0.5, 1.2}, step_sizes{1e-6, 50};

  void describe_keys(Schema& s) override {
    s.summary("each weight's step grows and shrinks by its gradient's sign: for batches of all the data");
    s.details("The learning rate is that of the first step alone, so that schedules change nothing after it.");
    s.also_known_as({"Rprop", "RProp"});
    s.optional("lr", lr, "the first step").above(0).known_as({"learning_rate"});
    s.optional("etas", etas, "factors of a step: where the sign changes, and where it stays").above(0);
    s.optional("step_sizes", step_sizes, "the least and the largest step").above(0);
    s.example("rprop: {lr: 0.01}");
    s.check([this](const Report& report) {
      if (etas.size() != 2 || !(etas[0] < 1 && etas[1] > 1))
        report.at("etas", "expected a number below 1 and one above", "write [0.5, 1.2]");
      if (step_sizes.size() != 2 || step_sizes[0] > step_sizes[1])
        report.at("step_sizes", "expected the least and the largest step", "write [1e-6, 50]");
    });
  }

  double learning_rate() const override { return lr; }
  bool follows_rate() const override { return false; }
  std::optional<TorchOptimizer> torch() const override {
    return TorchOptimizer{.name = "Rprop", .states = {"prev", "step_size"}};
  }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    const Value before = b.state("prev"), agree = sign(g) * sign(before);
    const Value first = b.number("number", [](const UpdateTime& t) { return t.number; }) <= 1;
    const Value step = where(first, b.lr(), b.state("step_size"));
    const Value grown =
        minimum(maximum(step * where(agree > 0, etas[1], where(agree < 0, etas[0], 1)), step_sizes[0]), step_sizes[1]);
    const Value taken = where(agree < 0, 0, g);
    b.assign("prev", taken);
    b.assign("step_size", grown);
    return p - sign(taken) * grown;
  }

 private:
  static Value sign(Value x) { return (x > 0) - (x < 0); }
};
DL_OPTIMIZER(Rprop, "rprop");

}  // namespace
}  // namespace dl
