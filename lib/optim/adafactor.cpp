// Adafactor (Shazeer and Stern 2018, arXiv:1804.04235) as PyTorch has it: with rho = min(lr, 1 / sqrt(t)) and
// s = 1 - t^beta2_decay, a matrix keeps of g^2 the means of its rows r = s r + (1 - s) mean(g^2) and of its columns c
// alike, and v = r c / mean(r); others keep v = s v + (1 - s) g^2. u = g / sqrt(v); p -= lr weight_decay p; p -= rho
// max(eps[1], rms(p)) u / max(1, rms(u) / d). Tensors of more axes are matrices of their first axis and the rest.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Adafactor final : Optimizer {
  double lr = 0.01, beta2_decay = -0.8, d = 1, weight_decay = 0;
  std::vector<double> eps{std::numeric_limits<float>::epsilon(), 1e-3};

  void describe_keys(Schema& s) override {
    s.summary("Adam's steps without a state of the size of the weights: rows and columns of the squares are kept");
    s.also_known_as({"Adafactor"});
    s.optional("lr", lr,
               "steps are as long as this times the tensor's root mean square, and never longer than 1 / "
               "sqrt(step) times it")
        .above(0)
        .known_as({"learning_rate"});
    s.optional("beta2_decay", beta2_decay, "the squares' average keeps 1 - step^beta2_decay of what it was")
        .below(0)
        .known_as({"decay_rate"});
    s.optional("eps", eps, "the least of the squares' square root, and of a tensor's root mean square").above(0);
    s.optional("d", d, "a step's root mean square is at most so much, before lr")
        .at_least(1)
        .known_as({"clip_threshold"});
    s.optional("weight_decay", weight_decay, "share of a parameter taken away at each update, times the learning rate")
        .at_least(0);
    for (const char* key : {"scale_parameter", "relative_step", "warmup_init", "beta1"})
      s.instead_of(key, "leave it out: as in PyTorch, steps follow the tensor's size and 'lr', and have no momentum");
    s.example("adafactor: {lr: 0.01}");
    s.check([this](const Report& report) {
      if (eps.size() != 2) report.at("eps", concat("expected two numbers, got ", eps.size()));
    });
  }

  double learning_rate() const override { return lr; }
  bool by_tensor() const override { return true; }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    const Value fresh =
        b.number("fresh", [decay = beta2_decay](const UpdateTime& t) { return std::pow(t.number, decay); });
    const Value rho = b.number("rho", [](const UpdateTime& t) { return std::min(t.lr, 1 / std::sqrt(t.number)); });
    const Value alpha = rho * maximum(rms(p), eps[1]);
    if (weight_decay > 0)
      p = p - b.number("decay", [share = weight_decay](const UpdateTime& t) { return t.lr * share; }) * p;
    const Value u = g * rsqrt(maximum(squares(b, g, fresh), eps[0] * eps[0]));
    return p - alpha * u / maximum(rms(u) / d, 1);
  }

  static Value rms(Value x) { return sqrt(mean(x * x)); }

  // The average of g^2, as far as it is kept.
  Value squares(UpdateBuilder& b, Value g, Value fresh) const {
    const auto renewed = [&](const char* name, Value now) {
      const Value old = b.state(name, now.shape()), made = old + fresh * (now - old);
      b.assign(name, made);
      return made;
    };
    const Shape& shape = g.shape();
    if (shape.rank() < 2) return renewed("variance", g * g);
    const Value matrix = reshape(g, {shape[0], shape.elements() / shape[0]}), square = matrix * matrix;
    const Value rows = renewed("row_var", mean(square, {1})), columns = renewed("col_var", mean(square, {0}));
    return reshape(rows * columns / maximum(mean(rows), eps[0]), shape);
  }
};
DL_OPTIMIZER(Adafactor, "adafactor");

}  // namespace
}  // namespace dl
