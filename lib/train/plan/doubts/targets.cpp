// What losses and metrics make of the targets: their classes, which of them are rare, the unit of numbers, padding.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/labelled.h"
#include "lib/data/one_sample.h"
#include "lib/data/padded.h"
#include "lib/data/streamed.h"
#include "lib/spec/write.h"
#include "lib/train/plan/doubts/doubts.h"

namespace dl {
namespace {

void doubt_numbers_of_classes(const Plan& plan, Doubts& doubts) {
  const auto classes = static_cast<int64_t>(plan.data.classes.size());
  const Loss& loss = *plan.objectives.losses()[0].loss;
  const int64_t values = loss.takes_classes() && loss.from.target == "y" ? plan.predicted_output().shape.last() : 0;
  // Vocabularies are often padded, to sizes that a machine likes.
  if (classes == 1 && plan.data.target.dtype == DType::i32)
    doubts.at_key("data.train", "the data have one class, so that there is nothing to tell apart",
                  "give data of more classes");
  else if (classes > 0 && values > classes && plan.data.target.shape.rank() == 0)
    doubts.at_key(
        "model",
        concat("the model ends with ", count_of(values, "value"), ", the data have ", count_of(classes, "class")),
        "end the model with 'linear: ${data.classes}'");
}
DL_DOUBT(doubt_numbers_of_classes);

// Rare classes that are made up for twice.
void doubt_balance(const Plan& plan, Doubts& doubts) {
  if (!plan.run.data.balanced) return;
  for (const Objectives::Term& term : plan.objectives.losses()) {
    const Node keys = write_object(*term.loss);
    const Node *weight = keys.find("weight"), *positive = keys.find("pos_weight");
    const bool weighs = weight && std::ranges::any_of(weight->items, [&](const Node& each) {
                          return each.text != weight->items[0].text;
                        });
    if (weighs || (positive && positive->as_number().value_or(1) != 1))
      doubts.at_loss(*term.loss,
                     concat("'", weighs ? "weight" : "pos_weight",
                            "' makes up for rare classes, which 'data.balanced' draws as often as others"),
                     "keep one of them");
  }
}
DL_DOUBT(doubt_balance);

// Figures of one of two classes, where that is the one that nearly all samples are of.
void doubt_positive_class(const Plan& plan, Doubts& doubts) {
  const Dataset& data = *plan.data.train;
  const std::vector<std::string>& classes = plan.data.classes;
  if (classes.size() != 2 || plan.data.target != Type{DType::i32, {}} || data.size() == 0) return;
  if (!has_labels(data) && !data.in_memory()) return;
  std::vector<int64_t> counts;
  for (size_t i = 0; i < plan.objectives.metrics().size(); ++i) {
    const Metric& metric = *plan.objectives.metrics()[i].metric;
    const Node keys = write_object(metric);
    const Node *average = keys.find("average"), *positive = keys.find("positive");
    if (metric.from.target != "y" || !average || average->text != "binary" || !positive) continue;
    if (counts.empty()) counts = targets_by_class(data, 2);
    const std::string name = positive->as_string().value_or(positive->text);
    const auto named = std::ranges::find(classes, name);
    const auto chosen =
        static_cast<size_t>(named != classes.end() ? named - classes.begin() : positive->as_integer().value_or(1));
    if (chosen > 1 || 10 * counts[chosen] < 9 * data.size()) continue;
    doubts.at(metric.place, concat("metrics[", i, "] (", metric.name, ")"),
              concat("is of the class '", classes[chosen], "', as ", counts[chosen], " of ",
                     count_of(data.size(), "training sample"), " are"),
              concat("write '", metric.name, ": {positive: ", to_yaml_line(Node::string(classes[1 - chosen])), "}'"));
  }
}
DL_DOUBT(doubt_positive_class);

// Labels that may be there together, which a loss takes for probabilities of classes.
void doubt_probabilities(const Plan& plan, Doubts& doubts) {
  const Dataset& data = *plan.data.train;
  if (capability<Streamed>(data)) return;
  const int64_t looked_at = std::min<int64_t>(data.size(), data.in_memory() ? 100 : 16);  // files take their time
  for (const Objectives::Term& term : plan.objectives.losses()) {
    const Loss& loss = *term.loss;
    const SampleField* field = loss.reads_field() ? training_field(plan, loss.from.target) : nullptr;
    if (!loss.takes_classes() || !loss.takes_probabilities() || !field || field->type.dtype != DType::f32 ||
        field->type.shape.rank() != 1)
      continue;
    const std::string name = field->name;
    const auto place = static_cast<size_t>(field_index(data, name));
    OneSample sample(data);
    std::vector<float> target(static_cast<size_t>(field->type.shape.elements()));
    for (int64_t i = 0; i < looked_at; ++i) {
      try {
        sample.read(i);
      } catch (const Error&) {
        break;  // told when it is trained on
      }
      std::memcpy(target.data(), sample.bytes(place), target.size() * sizeof(float));
      const double all = std::accumulate(target.begin(), target.end(), 0.0);
      if (std::abs(all - 1) < 0.01) continue;
      doubts.at_loss(loss,
                     concat("takes probabilities of classes, which add up to 1; the targets '", name, "' of sample ", i,
                            " add up to ", number_text(std::round(all * 1e4) / 1e4)),
                     "write 'bce_with_logits' where several classes may be there together");
      break;
    }
  }
}
DL_DOUBT(doubt_probabilities);

// A difference in the column's own units, where the loss sees deviations.
void doubt_far_differences(const Plan& plan, Doubts& doubts) {
  constexpr double most = 4;  // deviations, beyond which nearly none lies
  for (const Objectives::Term& term : plan.objectives.losses()) {
    const Loss& loss = *term.loss;
    const auto bend = loss.bend();
    if (!bend || bend->at <= most || !loss.reads_field()) continue;
    const SampleField* target = training_field(plan, loss.from.target);
    if (target && target->centred)
      doubts.at_loss(loss,
                     concat("'", bend->key, "' is ", number_text(bend->at),
                            " deviations, as the targets are normalized: nearly none is so far off"),
                     concat(target->unscaled_help, ", or lower it"));
  }
}
DL_DOUBT(doubt_far_differences);

// Targets behind the end of a sequence, which a loss takes for others.
void doubt_padded_targets(const Plan& plan, Doubts& doubts) {
  const Dataset& data = *plan.data.train;
  const auto padded = capability<Padded>(data);
  if (!padded) return;
  for (const Objectives::Term& term : plan.objectives.losses()) {
    const FieldNames& from = term.loss->from;
    const bool is_padded = std::ranges::any_of(padded->padded_fields(),
                                               [&](size_t field) { return data.fields()[field].name == from.target; });
    if (!is_padded || !term.loss->reads_field() || from.lengths || term.loss->ignored()) continue;
    doubts.at_loss(*term.loss, concat("targets '", from.target, "' are padded, and the loss takes padding for targets"),
                   concat("write '", term.loss->name, ": {lengths: lengths}'"));
  }
}
DL_DOUBT(doubt_padded_targets);

}  // namespace
}  // namespace dl
