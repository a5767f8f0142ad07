// Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon) as PyTorch has it, for matrices: m = momentum m +
// (1 - momentum) g; u = g + momentum (m - g) with nesterov, else m; u is made orthogonal by five steps of Newton and
// Schulz, x = a x + (b x x' + c (x x')^2) x from x = u / |u|; p -= lr weight_decay p; p -= lr sqrt(max(1, rows /
// columns)) u. Tensors of more axes are matrices of their first axis and the rest; those of fewer take AdamW's steps.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Muon final : Optimizer {
  double lr = 1e-3, momentum = 0.95, weight_decay = 0.1, eps = 1e-7, adamw_lr = 3e-4;
  std::string adjust_lr = "original";
  bool nesterov = true, orthogonal = true;
  std::vector<double> adamw_betas{0.9, 0.95};

  void describe_keys(Schema& s) override {
    s.summary("momentum made orthogonal, for matrices; AdamW for the rest");
    s.details(
        "Embeddings and the last layer are usually left to AdamW: groups: [{match: [\"tokens.*\", \"head.*\"], "
        "orthogonal: false}]. The schedule scales both rates alike.");
    s.also_known_as({"Muon"});
    s.optional("lr", lr, "learning rate of matrices").above(0).known_as({"learning_rate"});
    s.optional("momentum", momentum, "share of the average of gradients kept").at_least(0).below(1);
    s.optional("nesterov", nesterov, "momentum looked ahead (Sutskever et al. 2013)");
    s.optional("weight_decay", weight_decay, "share of a parameter taken away at each update, times the learning rate")
        .at_least(0);
    s.optional("eps", eps, "least norm that a matrix is divided by").above(0);
    s.optional(
         "adjust_lr", adjust_lr,
         "a matrix's rate times sqrt(max(1, rows / columns)) (original), or times 0.2 sqrt(max(rows, columns)), so "
         "that rates of AdamW serve (match_rms_adamw)")
        .one_of({"original", "match_rms_adamw"})
        .known_as({"adjust_lr_fn"});
    s.optional("orthogonal", orthogonal, "false, in a group: its matrices take AdamW's steps too");
    s.optional("adamw_lr", adamw_lr, "learning rate of AdamW's steps").above(0);
    s.optional("adamw_betas", adamw_betas, "AdamW's betas").at_least(0).below(1);
    for (const char* key : {"ns_steps", "ns_coefficients"}) s.instead_of(key, "leave it out: there are five steps");
    s.example("muon: {lr: 0.02, weight_decay: 0.01}");
    s.check([this](const Report& report) {
      if (adamw_betas.size() != 2) report.at("adamw_betas", concat("expected two numbers, got ", adamw_betas.size()));
    });
  }

  double learning_rate() const override { return lr; }
  bool by_tensor() const override { return true; }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    const Shape& shape = p.shape();
    if (shape.rank() < 2 || !orthogonal) return adamw(b, p, g);
    const Value m = momentum * b.state("momentum_buffer", shape) + (1 - momentum) * g;
    b.assign("momentum_buffer", m);
    const double rows = double(shape[0]), columns = double(shape.elements()) / rows;
    const double scale =
        adjust_lr == "original" ? std::sqrt(std::max(1.0, rows / columns)) : 0.2 * std::sqrt(std::max(rows, columns));
    const Value u = orthogonalized(reshape(nesterov ? (1 - momentum) * g + momentum * m : m, {shape[0], -1}));
    return decayed(b, p, "decay", 1) - scale * b.lr() * reshape(u, shape);
  }

  // Newton's and Schulz's steps on the side with fewer rows.
  Value orthogonalized(Value u) const {
    const bool tall = u.shape()[0] > u.shape()[1];
    if (tall) u = transpose(u, {1, 0});
    Value x = u / maximum(sqrt(sum(u * u)), eps);
    for (int step = 0; step < 5; ++step) {
      const Value gram = matmul(x, x, false, true);
      x = 3.4445 * x + matmul(-4.7750 * gram + 2.0315 * matmul(gram, gram), x);
    }
    return tall ? transpose(x, {1, 0}) : x;
  }

  Value adamw(UpdateBuilder& b, Value p, Value g) const {
    const double share = adamw_lr / lr;
    const Value m = adamw_betas[0] * b.state("exp_avg", p.shape()) + (1 - adamw_betas[0]) * g;
    const Value v = adamw_betas[1] * b.state("exp_avg_sq", p.shape()) + (1 - adamw_betas[1]) * (g * g);
    b.assign("exp_avg", m);
    b.assign("exp_avg_sq", v);
    const Value size = b.number("adamw_size", [share, beta = adamw_betas[0]](const UpdateTime& t) {
      return share * t.lr / (1 - std::pow(beta, t.number));
    });
    const Value scale = b.number("adamw_scale", [beta = adamw_betas[1]](const UpdateTime& t) {
      return 1 / std::sqrt(1 - std::pow(beta, t.number));
    });
    return decayed(b, p, "adamw_decay", share) - size * m / (sqrt(v) * scale + 1e-8);
  }

  Value decayed(UpdateBuilder& b, Value p, const char* name, double share) const {
    if (weight_decay == 0) return p;
    return p - b.number(name, [all = share * weight_decay](const UpdateTime& t) { return t.lr * all; }) * p;
  }
};
DL_OPTIMIZER(Muon, "muon");

}  // namespace
}  // namespace dl
