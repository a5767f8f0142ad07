// Limited-memory BFGS (Liu and Nocedal 1989, doi:10.1007/BF01589116) as PyTorch has it, one of its iterations a step:
// with s the last step and y the change of the gradient, kept in pairs where y's > 1e-10, d = -H g by the recursion in
// two loops over them from H = y's / y'y; p += t d with t = lr, the first time lr min(1, 1 / |g|_1), or where a search
// that begins there ends
// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Lbfgs final : Optimizer {
  double lr = 1, tolerance_grad = 1e-7, tolerance_change = 1e-9;
  int64_t history_size = 100;
  std::string line_search = "none";

  void describe_keys(Schema& s) override {
    s.summary("steps by the curvature that the last ones met: for few parameters, and batches of all samples");
    s.details(
        "It expects the same loss at each step: data.batch_size as large as the set, or as many batches of it in "
        "trainer.accumulate_grad_batches as an epoch has, no dropout, no augmentation. A step is one of its "
        "iterations, so that PyTorch's step() with max_iter: 20 is 20 steps. Pairs are kept of each "
        "group of parameters by itself, and take 2 history_size times their memory.");
    s.also_known_as({"LBFGS", "l_bfgs", "bfgs"});
    s.optional("lr", lr, "learning rate: share of the way that the curvature says")
        .above(0)
        .known_as({"learning_rate"});
    s.optional("history_size", history_size, "pairs kept").at_least(1).at_most(1000);
    s.optional("tolerance_grad", tolerance_grad, "nothing moves where no gradient is above it").at_least(0);
    s.optional("tolerance_change", tolerance_change, "nothing moves where the loss would fall by less").at_least(0);
    s.optional("line_search", line_search,
               "how far a step goes: lr of the direction, or where the loss has fallen enough and lies flat enough "
               "(strong_wolfe), which takes a few evaluations of it a step")
        .one_of({"none", "strong_wolfe"})
        .known_as({"line_search_fn"});
    for (const char* key : {"max_iter", "max_eval"})
      s.instead_of(key, "leave it out: a step is one iteration; 'trainer.max_steps' bounds them");
    s.example("lbfgs: {lr: 0.5, history_size: 10}");
    s.example("lbfgs: {line_search: strong_wolfe}");
  }

  double learning_rate() const override { return lr; }
  double boldest_rate() const override { return 2; }
  std::optional<Search> searches() const override {
    if (line_search == "none") return {};
    return Search{.tolerance = tolerance_change, .origin = "origin", .direction = "direction", .step = "last_step"};
  }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    const Value last_g = b.state("last_gradient"), last_s = b.state("last_step");
    const Value moves = max_of(abs(g)) > tolerance_grad, first = max_of(abs(last_g)) <= 0;
    const Value y = g - last_g;
    const Value useful = moves * (dot(y, last_s) > 1e-10);

    std::vector<Pair> pairs = kept(b);  // the oldest first; those not yet there are 0
    for (size_t i = 0; i < pairs.size(); ++i) {
      const Pair after = i + 1 < pairs.size() ? pairs[i + 1] : Pair{last_s, y};
      pairs[i] = {where(useful, after.s, pairs[i].s), where(useful, after.y, pairs[i].y)};
    }
    keep(b, pairs);

    Value d = -g;
    std::vector<Value> rho, alpha(pairs.size());
    for (const Pair& pair : pairs) rho.push_back(inverse(dot(pair.y, pair.s)));
    for (size_t i = pairs.size(); i-- > 0;) {
      alpha[i] = rho[i] * dot(pairs[i].s, d);
      d = d - alpha[i] * pairs[i].y;
    }
    const Pair& newest = pairs.back();
    const Value ys = dot(newest.y, newest.s);
    d = where(ys > 0, ys * inverse(dot(newest.y, newest.y)), 1) * d;
    for (size_t i = 0; i < pairs.size(); ++i) {
      const Value beta = rho[i] * dot(pairs[i].y, d);
      d = d + (alpha[i] - beta) * pairs[i].s;
    }

    const Value t = b.lr() * where(first, minimum(1 / sum(abs(g)), 1), 1), s = t * d, slope = dot(g, d);
    const Value goes = moves * (slope <= -tolerance_change);
    b.assign("last_gradient", where(moves, g, last_g));
    if (!searches()) {
      b.assign("last_step", where(moves, s, last_s));
      return where(goes, p + s, p);
    }
    for (const char* name : {"origin", "direction"}) b.state(name);
    b.assign("direction", d);
    b.tell("slope", where(goes, slope, 0));
    b.tell("first", t);
    b.tell("reach", max_of(abs(d)));
    return p;
  }

 private:
  struct Pair {
    Value s, y;
  };
  static Value dot(Value a, Value b) { return sum(a * b); }
  static Value inverse(Value x) { return where(x > 0, 1 / x, 0); }
  static Value max_of(Value x) {
    std::vector<int> axes;
    for (int axis = 0; axis < x.shape().rank(); ++axis) axes.push_back(axis);
    return reshape(max(x, axes), {});
  }

  std::vector<Pair> kept(UpdateBuilder& b) const {
    std::vector<Pair> pairs;
    for (int64_t i = 0; i < history_size; ++i)
      pairs.push_back({b.state("step_" + std::to_string(i)), b.state("change_" + std::to_string(i))});
    return pairs;
  }
  static void keep(UpdateBuilder& b, const std::vector<Pair>& pairs) {
    for (size_t i = 0; i < pairs.size(); ++i) {
      b.assign("step_" + std::to_string(i), pairs[i].s);
      b.assign("change_" + std::to_string(i), pairs[i].y);
    }
  }
};
DL_OPTIMIZER(Lbfgs, "lbfgs");

}  // namespace
}  // namespace dl
