// Adam (Kingma and Ba 2015, arXiv:1412.6980): m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
// p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps). AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) decays
// the weights by themselves, p -= lr weight_decay p, instead of through the gradient. With amsgrad (Reddi et al. 2018,
// arXiv:1904.09237) the largest v so far stands in the place of v.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/adam_averages.h"

namespace dl {
namespace {

struct AdamBase : AdamKin {
  bool amsgrad = false;

  void describe_keys_with(Schema& s, const std::string& decay) {
    describe_adam(s, decay);
    s.optional("amsgrad", amsgrad, "steps never grow again: divided by the largest average of the square so far");
  }
  bool takes_momentum() const final { return true; }
  TorchOptimizer torch_as(const char* theirs, bool decays_by_itself) const {
    TorchOptimizer made{.name = theirs, .states = kept_averages};
    if (amsgrad) made.states.emplace_back("max_exp_avg_sq");
    made.keys.set("decoupled_weight_decay", Node::boolean(decays_by_itself));
    return made;
  }

  Value step(UpdateBuilder& b, Value p, Value g) const {
    const Value m = average(b, g);
    Value v = average_of_square(b, g * g);
    if (amsgrad) {
      v = maximum(b.state("max_exp_avg_sq"), v);
      b.assign("max_exp_avg_sq", v);
    }
    return p - corrected_lr(b) * m / (sqrt(v) * correction_of_root(b) + eps);
  }
};

struct Adam final : AdamBase {
  void describe_keys(Schema& s) override {
    s.summary("Adam: steps scaled by averages of the gradient and of its square");
    s.also_known_as({"Adam"});
    describe_keys_with(s, concat(decay_in_gradient, "; adamw's is usually better"));
    s.example("adam: {lr: 1e-3}");
    s.example("adam: {lr: 1e-3, amsgrad: true}");
  }
  std::optional<TorchOptimizer> torch() const override { return torch_as("Adam", false); }
  Value update(UpdateBuilder& b, Value p, Value g) const override {
    return step(b, p, weight_decay > 0 ? g + weight_decay * p : g);
  }
};
DL_OPTIMIZER(Adam, "adam");

struct AdamW final : AdamBase {
  AdamW() { weight_decay = 0.01; }
  void describe_keys(Schema& s) override {
    s.summary("Adam with weight decay by itself");
    s.also_known_as({"AdamW"});
    describe_keys_with(s, decay_by_itself);
    s.example("adamw: {lr: 1e-3, weight_decay: 0.01}");
  }
  std::optional<TorchOptimizer> torch() const override { return torch_as("AdamW", true); }
  Value update(UpdateBuilder& b, Value p, Value g) const override {
    return step(b, decayed_by_itself(b, p, weight_decay), g);
  }
};
DL_OPTIMIZER(AdamW, "adamw");

}  // namespace
}  // namespace dl
