// Rankings of a set, gathered on the host.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/query_metric.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "lib/base/error.h"
#include "lib/nn/class_target.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

Value in_one_column(Value x) { return reshape(x, {x.shape().elements()}); }

}  // namespace

std::vector<Loss::Reads> QueryMetric::takes() const {
  return {Loss::Reads::logits, Loss::Reads::log_probabilities, Loss::Reads::logit, Loss::Reads::numbers};
}

void QueryMetric::stand_in(const MetricSetting& setting) {
  answers_ = from.group ? 1 : static_cast<size_t>(setting.prediction.shape.elements());
  if (from.group && (setting.prediction.shape.elements() != 1 || setting.target.shape.elements() != 1))
    throw ShapeError(concat("expected one value for each sample, an answer to its group's query, got ",
                            setting.prediction.shape.text(), " and targets ", setting.target.shape.text()),
                     "end the model with 'linear: 1', or leave 'group' out");
  if (!from.group && answers_ < 2)
    throw ShapeError(
        concat("expected a value for each answer to a sample's query, got ", setting.prediction.shape.text()),
        "name the field that says which samples are ranked together: 'group: FIELD'");
}

void QueryMetric::add(Keep& keep, const Fields& f) const {
  if (f.group && (f.group.type().dtype != DType::i32 || f.group.shape().rank() != 1))
    throw ShapeError(concat("expected a whole number for each sample in '", *from.group, "', got ",
                            name_of(f.group.type().dtype), " ", f.group.shape().without_batch().text()),
                     "name a field of categories or whole numbers");
  const bool classes =
      f.target.type().dtype == DType::i32 && f.prediction.shape().elements() > f.target.shape().elements();
  const Value relevance = classes ? class_probabilities(f.prediction, f.target) : f.target;
  keep.collect("score", in_one_column(classes ? f.prediction * 1.0 : as_predicted_shape(f.prediction, f.target) * 1.0));
  keep.collect("relevance", in_one_column(relevance * 1.0));
  if (f.group) keep.collect("group", in_one_column(f.group * 1.0));
}

std::vector<double> QueryMetric::figures(const Kept& kept) const {
  const std::vector<float>&scores = kept.column("score"), &relevance = kept.column("relevance");
  std::map<double, std::vector<Answer>> queries;
  for (size_t i = 0; i < scores.size(); ++i) {
    const double query = from.group ? static_cast<double>(kept.column("group")[i]) : static_cast<double>(i / answers_);
    queries[query].push_back({static_cast<double>(scores[i]), static_cast<double>(relevance[i])});
  }
  double sum = 0;
  for (auto& [query, answers] : queries) {
    const bool holds_nan = std::ranges::any_of(answers, [](const Answer& a) { return std::isnan(a.score); });
    std::ranges::stable_sort(answers, std::greater<>(), &Answer::score);
    sum += holds_nan ? std::numeric_limits<double>::quiet_NaN() : of(answers);
  }
  return {queries.empty() ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(queries.size())};
}

void describe_top_k(Schema& s, std::optional<int64_t>& top_k) {
  s.optional("top_k", top_k, "of the first answers alone; without it, of all").at_least(1).positional().known_as({"k"});
}

size_t first_answers(const std::vector<Answer>& ranked, const std::optional<int64_t>& top_k) {
  return std::min(ranked.size(), top_k ? static_cast<size_t>(*top_k) : ranked.size());
}

double relevant(const std::vector<Answer>& ranked, size_t count) {
  return static_cast<double>(std::count_if(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count),
                                           [](const Answer& a) { return a.relevance > 0; }));
}

}  // namespace dl
