// Cosine similarity: the mean over the targets of x'y / (|x| |y|), of vectors along the last axis
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"
#include "lib/nn/vectors.h"

namespace dl {
namespace {

struct CosineSimilarityMetric final : Metric {
  void describe_keys(Schema& s) override {
    s.summary("mean cosine of the angle between predicted vectors and the targets'");
    s.also_known_as({"CosineSimilarity", "cosine_proximity"});
    s.example("cosine_similarity");
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::numbers}; }
  void add(Keep& keep, const Fields& f) const override {
    expect_same_vectors(f.prediction, f.target, "the targets");
    keep_mean_of(keep, cosine(f.prediction, f.target), f.lengths);
  }
  std::vector<double> figures(const Kept& kept) const override { return {mean_of(kept)}; }
  bool higher_is_better() const override { return true; }
};
DL_METRIC(CosineSimilarityMetric, "cosine_similarity");

}  // namespace
}  // namespace dl
