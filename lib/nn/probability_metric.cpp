// Metrics of probabilities.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/probability_metric.h"

#include "lib/nn/class_target.h"
#include "lib/nn/counted.h"
#include "lib/nn/number_target.h"

namespace dl {

std::vector<Loss::Reads> ProbabilityMetric::takes() const {
  return {Loss::Reads::logits, Loss::Reads::log_probabilities, Loss::Reads::logit};
}

void ProbabilityMetric::describe_ignored(Schema& s) {
  s.optional("ignore_index", ignore_index,
             "targets of this value count for nothing; without it, those that the loss ignores");
}

void ProbabilityMetric::stand_in(const MetricSetting& setting) {
  if (!ignore_index) ignore_index = setting.loss.ignored();
  reads_classes_ = setting.loss.takes_classes();
}

void ProbabilityMetric::add(Keep& keep, const Fields& f) const {
  Value label = f.target, values;
  if (is_one_value_a_target(f.prediction, f.target, reads_classes_)) {
    values = of_values(as_predicted_shape(f.prediction, f.target), as_f32(f.target));
  } else {
    const Value y = class_probabilities(f.prediction, f.target);
    values = of_classes(f.prediction, y);
    label = class_labels(f.prediction, f.target);
  }
  const Value counts = counted(label, ignore_index, f.lengths);
  keep_mean(keep, sum(counts ? where(counts, values, 0) : values), count_targets(label, counts));
}

}  // namespace dl
