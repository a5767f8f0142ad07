// Orthogonality as Keras' OrthogonalRegularizer has it: rate times the mean of |cos(w_i, w_j)| over the pairs of rows
// of a matrix added to the loss, by its gradient: with r_i = w_i / |w_i|, s_ij = sign(r_i r_j) and n rows d_i = 2 rate
// / (n (n - 1)) sum of s_ij r_j over j other than i; g_i += (d_i - (d_i r_i) r_i) / |w_i|
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/partial_rule.h"

namespace dl {
namespace {

struct OrthogonalCosines final : PartialRule {
  double rate = 0;
  std::string mode = "rows";
  OrthogonalCosines() { min_rank = 2; }

  void describe(Schema& s) override {
    s.summary("a penalty on angles of matrices' rows other than right ones, however long the rows are");
    s.details(
        "The loss is shown without it. Tensors of more axes are matrices of their first axis and the rest. Keras' "
        "kernels lie the other way round: its rows are the columns here.");
    s.also_known_as({"OrthogonalRegularizer", "orthogonal_regularizer"});
    s.required("rate", rate, "times the mean of the absolute cosines").above(0).positional().known_as({"factor"});
    s.optional("mode", mode, "rows, what each unit sums its inputs with, or columns").one_of({"rows", "columns"});
    describe_choice(s);
    s.example("orthogonal_cosines: 0.01");
    s.example("orthogonal_cosines: {rate: 0.01, mode: columns, match: \"head.*\"}");
    s.check([this](const Report& report) {
      if (min_rank < 2) report.at("min_rank", "expected 2 or more: what has fewer axes has no rows");
    });
  }
  bool by_tensor() const override { return true; }

  Value changed(UpdateBuilder& b, Value g) const override {
    const Value tensor = b.parameters(), matrix = reshape(tensor, {tensor.shape()[0], -1});
    const bool turned = mode == "columns";
    const Value w = turned ? transpose(matrix, {1, 0}) : matrix;
    const int64_t n = w.shape()[0];
    if (n == 1) return g;
    const Value length = sqrt(maximum(sum(w * w, {1}), 1e-24)), r = w / length, cosines = matmul(r, r, false, true);
    const Value index = iota(*w.graph, n), others = 1 - equal(reshape(index, {n, 1}), index);
    const double pairs = 0.5 * static_cast<double>(n) * static_cast<double>(n - 1);
    const Value d = (rate / pairs) * matmul(others * ((cosines > 0) - (cosines < 0)), r);
    const Value slope = (d - sum(d * r, {1}) * r) / length;
    return g + reshape(turned ? transpose(slope, {1, 0}) : slope, tensor.shape());
  }
};
DL_UPDATE_RULE(OrthogonalCosines, "orthogonal_cosines");

}  // namespace
}  // namespace dl
