// Soft orthogonality (Bansal, Chen and Wang 2018, arXiv:1810.09102): rate |W W' - I|^2 added to the loss, of the
// shorter side of each matrix, by its gradient 4 rate (W W' - I) W. Tensors of more axes are matrices of their first
// axis and the rest.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/partial_rule.h"

namespace dl {
namespace {

struct OrthogonalPenalty final : PartialRule {
  double rate = 0;
  OrthogonalPenalty() { min_rank = 2; }

  void describe(Schema& s) override {
    s.summary("a penalty on matrices whose rows are not orthogonal");
    s.details("The loss is shown without it.");
    s.also_known_as({"soft_orthogonality"});
    s.required("rate", rate, "times the squared distance from the identity").above(0).positional().known_as({"factor"});
    describe_choice(s);
    s.example("orthogonal: 1e-3");
    s.check([this](const Report& report) {
      if (min_rank < 2) report.at("min_rank", "expected 2 or more: what has fewer axes has no rows");
    });
  }
  bool by_tensor() const override { return true; }

  Value changed(UpdateBuilder& b, Value g) const override {
    const Value tensor = b.parameters(), w = reshape(tensor, {tensor.shape()[0], -1});
    const bool wide = w.shape()[0] <= w.shape()[1];
    const Value gram = matmul(w, w, !wide, wide);  // of the shorter side
    const int64_t n = gram.shape()[0];
    const Value index = iota(*w.graph, n), apart = gram - equal(reshape(index, {n, 1}), index);
    return g + (4 * rate) * reshape(wide ? matmul(apart, w) : matmul(w, apart), tensor.shape());
  }
};
DL_UPDATE_RULE(OrthogonalPenalty, "orthogonal");

}  // namespace
}  // namespace dl
