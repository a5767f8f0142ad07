// Types registered for the tests of lib/spec.
// SPDX-License-Identifier: Apache-2.0
#include "tests/spec/toys.h"

namespace dl {
namespace {

struct ToySgd final : ToyOptimizer {
  double lr = 0.01, momentum = 0;
  bool nesterov = false;
  void describe(Schema& s) override {
    s.summary("stochastic gradient descent");
    s.details("v = m v + g; p = p - lr v.");
    s.example("sgd: {lr: 0.1}");
    s.also_known_as({"SGD", "momentum"});
    s.required("lr", lr, "learning rate").above(0).known_as({"learning_rate", "eta"});
    s.optional("momentum", momentum, "share of the last update").at_least(0).below(1);
    s.optional("nesterov", nesterov, "look ahead");
    s.instead_of("decay", "set the top-level key 'schedule'");
    s.check([this](const Report& report) {
      if (nesterov && momentum == 0) report.at("nesterov", "needs a momentum above 0, got 0", "add 'momentum: 0.9'");
    });
  }
};
DL_REGISTER(ToyOptimizer, ToySgd, "sgd");

struct ToyAdam final : ToyOptimizer {
  double lr = 0.001;
  void describe(Schema& s) override {
    s.summary("adaptive moments");
    s.optional("lr", lr, "learning rate").above(0);
  }
};
DL_REGISTER(ToyOptimizer, ToyAdam, "adam");

struct ToyLinear final : ToyLayer {
  int out_features = 0;
  bool bias = true;
  std::shared_ptr<const ToyOptimizer> tuned;
  void describe(Schema& s) override {
    s.summary("y = x W^T + b");
    s.also_known_as({"dense", "Dense"});
    s.required("out_features", out_features, "features of the output").at_least(1).positional();
    s.optional("bias", bias, "add b");
    s.optional("tuned", tuned, "an optimizer of its own");
  }
};
DL_REGISTER(ToyLayer, ToyLinear, "linear");

struct ToyDropout final : ToyLayer {
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("zero with probability p");
    s.optional("p", p, "probability").at_least(0).below(1).positional();
  }
};
DL_REGISTER(ToyLayer, ToyDropout, "dropout");

struct ToyRelu final : ToyLayer {
  void describe(Schema& s) override { s.summary("max(x, 0)"); }
};
DL_REGISTER(ToyLayer, ToyRelu, "relu");

}  // namespace
}  // namespace dl
