// Expected calibration error (Guo et al. 2017, arXiv:1706.04599): over bins of the probability that the chosen class is
// given, sum share |hits / samples - mean probability|, or the largest (max), or the root of the sum of squares (l2)
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/nn/class_target.h"
#include "lib/nn/counted.h"
#include "lib/nn/metric.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct CalibrationError final : Metric {
  int64_t bins = 15;
  std::string norm = "l1";
  std::optional<int64_t> ignore_index;

  void describe_keys(Schema& s) override {
    s.summary("how far the probability of the chosen class is from how often it is right");
    s.details("Bins are of equal width, (0, 1/bins], (1/bins, 2/bins], …");
    s.also_known_as({"ece", "ECE", "CalibrationError", "expected_calibration_error"});
    s.optional("bins", bins, "of the probability").at_least(1).at_most(10'000).known_as({"n_bins"});
    s.optional("norm", norm, "l1: expected error; l2: root of the mean square; max: largest")
        .one_of({"l1", "l2", "max"});
    s.optional("ignore_index", ignore_index,
               "targets of this value count for nothing; without it, those that the loss ignores");
    s.example("calibration_error");
    s.example("calibration_error: {bins: 10, norm: max}");
  }
  std::vector<Loss::Reads> takes() const override {
    return {Loss::Reads::logits, Loss::Reads::log_probabilities, Loss::Reads::logit};
  }
  void stand_in(const MetricSetting& setting) override {
    if (!ignore_index) ignore_index = setting.loss.ignored();
    reads_classes_ = setting.loss.takes_classes();
  }

  void add(Keep& keep, const Fields& f) const override {
    Value confidence, hit, label;  // of each target, [rows, 1]
    if (is_one_value_a_target(f.prediction, f.target, reads_classes_)) {
      const Value x = as_predicted_shape(f.prediction, f.target);
      label = f.target;
      confidence = sigmoid(abs(x));
      hit = equal(label, x > 0);
    } else {
      label = class_labels(f.prediction, f.target);
      const Value p = softmax(f.prediction), largest = first_largest(f.prediction);
      confidence = max(p, {-1});
      hit = sum(largest * equal(iota(*f.target.graph, f.prediction.shape().last()), label), {-1});
    }
    const int64_t rows = label.shape().elements();
    const auto column = [&](Value v) { return reshape(v, {rows, 1}); };
    Value counts = equal(confidence, confidence);  // not NaN
    if (const Value own = counted(label, ignore_index, f.lengths)) counts = counts * own;
    counts = column(counts);
    confidence = column(confidence);
    const Value bin = iota(*f.target.graph, bins), width = confidence * static_cast<double>(bins);
    // (j, j + 1] of `width`; what is 0 is in the first.
    const Value in_bin = where(equal(bin, 0), width <= 1, (width > bin) * (width <= bin + 1)) * counts;
    const auto of_bins = [&](Value v) { return reshape(sum(v, {0}), {bins}); };
    keep.sum("samples", of_bins(in_bin));
    keep.sum("confidence", of_bins(in_bin * confidence));
    keep.sum("hits", of_bins(in_bin * column(hit)));
  }

  std::vector<double> figures(const Kept& kept) const override {
    const std::vector<double>&samples = kept.sum("samples"), &confidence = kept.sum("confidence"),
          &hits = kept.sum("hits");
    double all = 0, error = 0;
    for (double n : samples) all += n;
    if (all == 0) return {std::numeric_limits<double>::quiet_NaN()};
    for (size_t b = 0; b < samples.size(); ++b) {
      if (samples[b] == 0) continue;
      const double gap = std::abs(hits[b] - confidence[b]) / samples[b], share = samples[b] / all;
      if (norm == "max")
        error = std::max(error, gap);
      else
        error += share * (norm == "l2" ? gap * gap : gap);
    }
    return {norm == "l2" ? std::sqrt(error) : error};
  }
  bool higher_is_better() const override { return false; }

 private:
  bool reads_classes_ = true;
};
DL_METRIC(CalibrationError, "calibration_error");

}  // namespace
}  // namespace dl
