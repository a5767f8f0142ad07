// Classes read off a network's outputs.
// SPDX-License-Identifier: Apache-2.0
#include "app/verdict.h"

namespace dl {

Verdicts::Verdicts(const Plan& plan) {
  const Shape& output = plan.prediction().shape;
  const int64_t width = output.rank() == 0 ? 1 : output.last();
  const bool targets_are_classes = plan.predicted_target().dtype == DType::i32;
  const Loss* loss = plan.objectives.predicted_by();
  if (loss && loss->from.target == "y") names_ = plan.data.classes;
  per_class_ = loss && loss->takes_classes();
  of_two_ = loss && loss->reads() == Loss::Reads::logit && targets_are_classes && width == 1;
  classes_ = of_two_ ? 2 : width;
  one_a_sample_ = targets_are_classes && plan.predicted_target().shape.rank() == 0 && output.rank() <= 1;
}

std::string Verdicts::name(int64_t index) const {
  const auto i = static_cast<size_t>(index);
  return i < names_.size() ? names_[i] : std::to_string(index);
}

float Verdicts::probability(const Prediction& prediction, int64_t index, int64_t position) const {
  const std::span<const float> outputs = prediction.at(position);
  if (of_two_) return index == 1 ? outputs[0] : 1 - outputs[0];
  return outputs[static_cast<size_t>(index)];
}

Verdict Verdicts::of(const Prediction& prediction, int64_t position) const {
  const int64_t best = of_two_ ? prediction.at(position)[0] > 0.5f : prediction.best(position);
  return {best, probability(prediction, best, position)};
}

}  // namespace dl
